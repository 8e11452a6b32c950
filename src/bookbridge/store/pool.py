"""Connections to PostgreSQL. One pool per process; every statement has a time limit."""

from __future__ import annotations

import asyncpg

Db = asyncpg.Connection
"""A connection inside the caller's transaction."""

POOL_SIZE_MAX = 10
STATEMENT_TIMEOUT_S = 60
IDLE_IN_TRANSACTION_TIMEOUT_S = 60
CONNECT_TIMEOUT_S = 10


DATABASE_AWAY = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
)
"""What is raised while the database cannot be reached, restarts or is overloaded: the same may work soon."""


class PooledConnection(asyncpg.Connection):  # type: ignore[misc]  # the library ships no types
    """A connection that is handed on as it is. The library would reset the session after every use, at the price of a
    round trip; nobody here changes a session's settings without setting them back, or takes session-level locks."""

    def get_reset_query(self) -> str:
        """Nothing to run. An open transaction is rolled back all the same."""
        return ""


NO_WAIT_FOR_DISK = "set_config('synchronous_commit', 'off', true)"
"""An expression that lets the transaction in which it is evaluated commit without waiting for the disk: what it did is
seen by all at once, and may be gone after the server itself has crashed, unless a later commit has waited."""


async def reach_disk(db: asyncpg.Connection) -> None:
    """Return once all that was committed before this call is on disk, whoever committed it without waiting."""
    # A commit waits for the disk only if it has something of its own to write; all that came before goes with it.
    await db.execute("select pg_logical_emit_message(true, 'bookbridge', ''::text)")


async def open_pool(dsn: str, *, max_size: int = POOL_SIZE_MAX, waits_for_disk: bool = True) -> asyncpg.Pool:
    """Open a pool on the database at `dsn`. Raises OSError or asyncpg.PostgresError when it cannot connect.

    Who changes a setting of a session sets it back before giving the connection back. Without `waits_for_disk` a commit
    is seen by all at once, but one of the last moment may be gone after the server itself has crashed; never one that
    was followed by a commit that did wait.
    """
    return await asyncpg.create_pool(
        dsn,
        min_size=1,
        max_size=max_size,
        timeout=CONNECT_TIMEOUT_S,
        connection_class=PooledConnection,
        command_timeout=STATEMENT_TIMEOUT_S,
        server_settings={
            "application_name": "bookbridge",
            "timezone": "UTC",
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_TIMEOUT_S * 1000),
            # Our statements are short and indexed; compiling them costs more than it saves.
            "jit": "off",
            "synchronous_commit": "on" if waits_for_disk else "off",
        },
    )
