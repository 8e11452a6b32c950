"""Telling the rest of the house that a write has come to its end: a notification, and hooks in the same transaction.

Settled means that nothing more will happen to it: Success, Failed, or the late outcome of a write that had timed out
for the application. A time-out alone settles nothing. It must not know who listens.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from bookbridge.push.operations import PushOperation
from bookbridge.store.pool import Db

CHANNEL: Final = "push_settled"
"""PostgreSQL notifies this channel with the operation's id when the outcome is visible to everybody."""

OnSettled = Callable[[Db, PushOperation], Awaitable[None]]
"""Called in the transaction that settles an operation of a worker: what it does is kept exactly if the outcome is.
It may run for an operation of which it knows nothing, and must pass that by."""


async def tell(db: Db, operation: PushOperation, on_settled: Sequence[OnSettled] = ()) -> None:
    """Call the hooks, and notify once the caller's transaction commits."""
    for hook in on_settled:
        await hook(db, operation)
    await db.execute("select pg_notify($1, $2)", CHANNEL, str(operation.id))
