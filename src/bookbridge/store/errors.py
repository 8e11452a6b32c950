"""Errors of the store room. Holds no logic."""

from __future__ import annotations


class EmbeddedPostgresError(Exception):
    """The embedded server cannot run; the message says why and what the operator can do about it."""
