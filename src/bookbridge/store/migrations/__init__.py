"""Applies the numbered `.sql` files of this folder, each once, in order, forward only.

Any number of processes may start at once: an advisory lock lets one of them migrate. A lock time-out keeps a
migration from queueing behind a long transaction and stopping everyone else.
"""

from __future__ import annotations

from importlib.resources import files
from urllib.parse import urlsplit

import asyncpg
import structlog

from bookbridge.store.errors import UnusableDatabaseError

log = structlog.get_logger(__name__)

MIGRATION_LOCK = 0x626F6F6B  # any constant; "book"
LOCK_TIMEOUT_MS = 10_000
CONNECT_TIMEOUT_S = 20
SERVER_VERSION_MIN = 15


async def migrate(dsn: str) -> list[str]:
    """Bring the database at `dsn` up to date; returns the names that were applied now.

    Each file runs in its own transaction together with its entry in `schema_migrations`.
    Raises UnusableDatabaseError when there is no PostgreSQL of a version that we know; asyncpg.PostgresError when the
    server refuses us or a file, which then stays unapplied.
    """
    connection = await _connected(dsn)
    try:
        await connection.execute("set lock_timeout = 0")
        await connection.execute("select pg_advisory_lock($1)", MIGRATION_LOCK)
        await connection.execute(f"set lock_timeout = {LOCK_TIMEOUT_MS}")
        return await _apply_missing(connection)
    finally:
        await connection.close()


async def _connected(dsn: str) -> asyncpg.Connection:
    settings = {"lock_timeout": str(LOCK_TIMEOUT_MS)}
    try:
        connection = await asyncpg.connect(dsn, server_settings=settings, timeout=CONNECT_TIMEOUT_S)
    except OSError as error:
        # The address alone: what else stands in it is a secret.
        address = urlsplit(dsn)
        where = f"{address.hostname}:{address.port}" if address.hostname and address.port else "the given address"
        why = str(error) or f"no answer within {CONNECT_TIMEOUT_S} s"
        raise UnusableDatabaseError(
            f"PostgreSQL at {where} cannot be reached ({why}). Is it running, and is the database URL right?"
        ) from error
    version = connection.get_server_version()
    if version.major < SERVER_VERSION_MIN:
        await connection.close()
        raise UnusableDatabaseError(
            f"The database is PostgreSQL {version.major}; version {SERVER_VERSION_MIN} or later is needed."
        )
    return connection


async def _apply_missing(connection: asyncpg.Connection) -> list[str]:
    await connection.execute(
        "create table if not exists schema_migrations"
        " (name text primary key, applied timestamptz not null default now())"
    )
    done = {row["name"] for row in await connection.fetch("select name from schema_migrations")}
    applied = []
    names = migration_names()
    if newer := sorted(done.difference(names)):
        # Forward only, so that old and new processes can run side by side while an installation is renewed.
        log.warning("database_is_newer", migrations=newer, do="run the newer version of Bookbridge")
    for name in names:
        if name in done:
            continue
        async with connection.transaction():
            await connection.execute(files(__package__).joinpath(name).read_text())
            await connection.execute("insert into schema_migrations (name) values ($1)", name)
        log.info("migrated", name=name)
        applied.append(name)
    return applied


def migration_names() -> list[str]:
    """The names of all migrations, in the order in which they apply."""
    return sorted(entry.name for entry in files(__package__).iterdir() if entry.name.endswith(".sql"))
