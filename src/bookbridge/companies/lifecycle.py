"""The life of a connection: one function for each change of status.

Each acts inside the caller's transaction and does all of it there: checks that the change is allowed, writes
the row and its timeline, and tells the webhook. Nobody else writes a connection's status.

    (none) --created--> PendingAuth --linked--> Linked --unlinked----> Unlinked -----+
                          |  | ^                  |                                  |
                          |  +-+ failed           +----deauthorized--> Deauthorized -+--linked--> Linked
                          +------unlinked--> Unlinked
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import structlog

from bookbridge.accounting.dates import contract_datetime
from bookbridge.companies import companies
from bookbridge.companies.connections import COLUMNS, Connection, Status, connection_of, lock
from bookbridge.companies.errors import Conflict, ValidationProblem
from bookbridge.companies.views import ConnectionErrorView, Views
from bookbridge.connectors.integrations import SourceType, integration
from bookbridge.store.pool import Db
from bookbridge.webhooks import outbox, rules
from bookbridge.webhooks.rules import RuleType

log = structlog.get_logger(__name__)

CONNECTIONS_MAX = 100
ERRORS_KEPT_MAX = 20
EVENTS_KEPT_MAX = 500
TEXT_LENGTH_MAX = 1_000

MAY_BE_UNLINKED = frozenset({Status.LINKED, Status.PENDING})
"""A connection that was never authorised may be given up too: its link then stands for nothing any more."""

CANCELLED = ("403", "User cancelled linking", "User cancelled")
DEAUTHORIZED_MESSAGE = "The integration de-authorized access to the connection."


async def created(db: Db, views: Views, company_id: UUID, integration_key: str) -> Connection:
    """Add a connection: PendingAuth, or Linked where there is nothing to authorise (partner expense).

    Raises CompanyNotFound, ValidationProblem for an unknown integration, Conflict above CONNECTIONS_MAX.
    """
    company = await companies.get(db, company_id)
    known = integration(integration_key)
    if known is None:
        raise ValidationProblem(f"There is no platform with the key '{integration_key[:50]}'.", "platformKey")
    count = await db.fetchval("select count(*) from connections where company_id = $1", company_id)
    if count >= CONNECTIONS_MAX:
        raise Conflict(f"A company may have at most {CONNECTIONS_MAX} connections.")
    # Expenses come from the application itself: there is no vendor to let us in.
    at_once = known.source_type is SourceType.EXPENSE
    row = await db.fetchrow(
        f"""insert into connections as k (company_id, id, integration_key, status, linked_first)
            values ($1, $2, $3, $4, case when $5 then now() end) returning {COLUMNS}""",  # noqa: S608
        company_id,
        uuid4(),
        known.key,
        (Status.LINKED if at_once else Status.PENDING).value,
        at_once,
    )
    connection = connection_of(row)
    await _record(db, connection, "Created", None)
    await _emit(db, views, company, "connection.created", connection)
    await _alert_status(db, connection, "")
    if at_once:
        await _record(db, connection, "Completed", None)
        await _emit(db, views, company, "connection.connected", connection)
    return connection


async def started(db: Db, connection: Connection) -> None:
    """Record that somebody set out for the vendor's consent page."""
    await _record(db, connection, "Started", None)


async def linked(
    db: Db,
    views: Views,
    connection: Connection,
    *,
    organisation_id: str,
    organisation_name: str,
    facts: Mapping[str, str],
) -> Connection:
    """The authorisation is in hand (its credentials are stored in this transaction): Linked.

    From any status; linking a Linked connection again renews its facts and tells `connection.reconnected`
    only if it was not Linked.
    """
    before = await lock(db, connection.company_id, connection.id)
    now = contract_datetime(datetime.now(UTC))
    errors = tuple(
        msgspec.structs.replace(error, status="Resolved", resolved_on_utc=now) if error.status == "Active" else error
        for error in before.errors
    )
    row = await db.fetchrow(
        f"""update connections k set status = 'Linked', linked_first = coalesce(linked_first, now()),
                linked_last = clock_timestamp(), organisation_id = $3, organisation_name = $4, facts = $5::jsonb,
                errors = $6::jsonb
            where company_id = $1 and id = $2 returning {COLUMNS}""",  # noqa: S608
        before.company_id,
        before.id,
        organisation_id,
        organisation_name,
        msgspec.json.encode(dict(facts)).decode(),
        msgspec.json.encode(errors).decode(),
    )
    after = connection_of(row)
    await _record(db, after, "Completed", organisation_name)
    if before.status is not Status.LINKED:
        event = "connection.connected" if before.linked_first is None else "connection.reconnected"
        await _tell(db, views, event, after)
        await _alert_status(db, after, before.status.value)
    log.info("connection_linked", company_id=str(after.company_id), connection_id=str(after.id))
    return after


async def failed(
    db: Db, views: Views, connection: Connection, *, status_code: str, status_text: str, error_message: str
) -> Connection:
    """An attempt to link ended without success: the status stays as it is, the error is added."""
    before = await lock(db, connection.company_id, connection.id)
    after = await _set(db, before, before.status, (status_code, status_text, error_message))
    await _record(db, after, "Failed", f"{status_code} {error_message}")
    await _tell(db, views, "connection.failed", after)
    log.info("connection_failed", connection_id=str(after.id), status_code=status_code)
    return after


async def unlinked(db: Db, views: Views, connection: Connection, *, reason: str | None = None) -> Connection:
    """The access was given up: its credentials are dropped, what was read stays. Raises Conflict unless
    Linked or PendingAuth."""
    before = await lock(db, connection.company_id, connection.id)
    if before.status not in MAY_BE_UNLINKED:
        raise Conflict(f"A connection that is {before.status.value} cannot be unlinked.")
    await _drop_credentials(db, before)
    after = await _set(db, before, Status.UNLINKED, None)
    await _record(db, after, "Unlinked", reason)
    await _alert_status(db, after, before.status.value)
    await _tell(db, views, "connection.disconnected", after)
    log.info("connection_unlinked", connection_id=str(after.id))
    return after


async def deauthorized(db: Db, views: Views, connection: Connection, *, reason: str) -> Connection:
    """The vendor no longer lets us in by the authorisation that `connection` was loaded with. Does nothing unless it
    is still Linked by that one: several callers may find this out at once, or after it was linked anew."""
    before = await lock(db, connection.company_id, connection.id)
    if before.status is not Status.LINKED or before.linked_last != connection.linked_last:
        return before
    await _drop_credentials(db, before)
    after = await _set(db, before, Status.DEAUTHORIZED, ("401", DEAUTHORIZED_MESSAGE, DEAUTHORIZED_MESSAGE))
    await _record(db, after, "Deauthorized", reason)
    await _alert_status(db, after, before.status.value)
    await _tell(db, views, "connection.disconnected", after)
    log.info("connection_deauthorized", connection_id=str(after.id), reason=reason[:TEXT_LENGTH_MAX])
    return after


async def told_of_deletion(db: Db, views: Views, connection: Connection) -> None:
    """Tell `connection.deleted`; called by `deletion.py` while the row still exists."""
    await _tell(db, views, "connection.deleted", connection)
    await rules.raise_alert(
        db,
        RuleType.CONNECTION_DELETED,
        f"Connection {connection.id} was deleted.",
        {},
        company_id=connection.company_id,
        connection_id=connection.id,
    )


async def _set(db: Db, connection: Connection, status: Status, error: tuple[str, str, str] | None) -> Connection:
    errors = connection.errors
    if error is not None:
        status_code, status_text, error_message = (text[:TEXT_LENGTH_MAX] for text in error)
        entry = ConnectionErrorView(
            status_code=status_code,
            status_text=status_text,
            error_message=error_message,
            errored_on_utc=contract_datetime(datetime.now(UTC)),
            status="Active",
        )
        errors = (*errors, entry)[-ERRORS_KEPT_MAX:]
    row = await db.fetchrow(
        f"update connections k set status = $3, errors = $4::jsonb where company_id = $1 and id = $2"  # noqa: S608
        f" returning {COLUMNS}",
        connection.company_id,
        connection.id,
        status.value,
        msgspec.json.encode(errors).decode(),
    )
    return connection_of(row)


async def _drop_credentials(db: Db, connection: Connection) -> None:
    await db.execute(
        "delete from credentials where company_id = $1 and connection_id = $2",
        connection.company_id,
        connection.id,
    )


async def _record(db: Db, connection: Connection, event: str, detail: str | None) -> None:
    await db.execute(
        "insert into connection_events (company_id, connection_id, event, detail) values ($1, $2, $3, $4)",
        connection.company_id,
        connection.id,
        event,
        None if detail is None else detail[:TEXT_LENGTH_MAX],
    )
    # Whoever holds a link may set out again and again.
    await db.execute(
        """delete from connection_events where company_id = $1 and connection_id = $2 and id <= (
               select id from connection_events where company_id = $1 and connection_id = $2
               order by id desc offset $3 limit 1)""",
        connection.company_id,
        connection.id,
        EVENTS_KEPT_MAX,
    )


async def _tell(db: Db, views: Views, event_type: str, connection: Connection) -> None:
    await _emit(db, views, await companies.get(db, connection.company_id), event_type, connection)


async def _alert_status(db: Db, connection: Connection, before: str) -> None:
    """Tell the rules that ask for it of a new status; `before` is empty for a new connection."""
    await rules.raise_alert(
        db,
        RuleType.CONNECTION_STATUS,
        f"The status of connection {connection.id} changed to {connection.status.value}.",
        {
            "dataConnectionId": str(connection.id),
            "newStatus": connection.status.value,
            "oldStatus": before,
            "platformKey": connection.integration_key,
        },
        company_id=connection.company_id,
        connection_id=connection.id,
    )


async def _emit(db: Db, views: Views, company: companies.Company, event_type: str, connection: Connection) -> None:
    payload = msgspec.to_builtins(views.connection_event(company, connection))
    await outbox.emit(db, event_type, payload, company_id=company.id, company_tags=dict(company.tags))
