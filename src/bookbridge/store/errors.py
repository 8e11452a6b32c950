"""Errors of the store room. Holds no logic."""

from __future__ import annotations


class EmbeddedPostgresError(Exception):
    """The embedded server cannot run; the message says why and what the operator can do about it."""


class UnusableDatabaseError(Exception):
    """The database that was given cannot be reached or is too old; the message says which, and what to do."""
