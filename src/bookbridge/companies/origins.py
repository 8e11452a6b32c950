"""The web origins whose pages may call us with a company's access token: the client's list, replaced as a whole.

An origin is scheme, host and port, in lower case and without a path, as browsers send it. No wildcards: a page of a
host that somebody else can register must never get in.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import asyncpg

from bookbridge.companies.errors import ValidationProblem
from bookbridge.store.pool import Db

ORIGINS_MAX = 100
ORIGIN_LENGTH_MAX = 300
FIELD = "allowedOrigins"

_DEFAULT_PORTS = {"http": 80, "https": 443}


async def allowed(db: Db | asyncpg.Pool) -> list[str]:
    """The origins in their order."""
    return list(await db.fetchval("select allowed_origins from client") or ())


async def replace(db: Db, given: Sequence[str]) -> list[str]:
    """Allow exactly these origins; returns them as they are kept. Raises ValidationProblem."""
    if len(given) > ORIGINS_MAX:
        raise ValidationProblem(f"At most {ORIGINS_MAX} origins can be allowed.", FIELD)
    wanted = list(dict.fromkeys(checked(origin) for origin in given))
    await db.execute("update client set allowed_origins = $1", wanted)
    return wanted


def checked(text: str) -> str:
    """The origin in the form in which browsers send it. Raises ValidationProblem."""
    origin = origin_of(text.strip().removesuffix("/"))
    parts = urlsplit(origin) if origin else None
    if origin is None or parts is None or text.strip().removesuffix("/").lower() not in (origin, _with_port(origin)):
        raise ValidationProblem("An origin is http(s)://host or http(s)://host:port.", FIELD)
    return origin


def origin_of(url: str) -> str | None:
    """The origin of an absolute http(s) address; None for anything else."""
    if len(url) > ORIGIN_LENGTH_MAX or not url.isascii() or any(sign in url for sign in "*@ \\\x00"):
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = "" if port is None or port == _DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def _with_port(origin: str) -> str:
    """The origin with its default port written out; unchanged where another port stands."""
    parts = urlsplit(origin)
    return origin if parts.port is not None else f"{origin}:{_DEFAULT_PORTS[parts.scheme]}"
