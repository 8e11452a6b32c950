"""Rules, the older way of asking to be told: what can be asked for, and who asked.

A rule's alert is written in the transaction in which the thing happened (`raise_alert`); `alerts.py` sends it. E-mail
addresses are kept and shown, but nothing is mailed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import msgspec

from bookbridge import jobs
from bookbridge.accounting.problems import Problem
from bookbridge.store.pool import Db
from bookbridge.store.query import Compiled, Kind, Property
from bookbridge.webhooks import consumers
from bookbridge.webhooks.consumers import ConsumerDraft, InvalidConsumer

ALERT_TASK: Final = "webhooks.alert"
"""Key: the rule's id. Handler: `alerts.AlertSender`."""

RULES_MAX: Final = 1_000
EMAILS_MAX: Final = 20
EMAIL_LENGTH_MAX: Final = 320
MESSAGE_LENGTH_MAX: Final = 1_000


class RuleType(StrEnum):
    """What a rule can ask for. Callers may write it in any case, with or without spaces."""

    CONNECTION_STATUS = "DataConnectionStatusChanged"
    CONNECTION_DELETED = "Sync Connection Deleted"
    COMPANY_SYNCHRONIZED = "New company synchronized"
    SYNC_COMPLETED = "Data sync completed"
    DATA_CHANGED = "Dataset data changed"
    SYNC_ERROR = "Data Sync Status Changed To Error"
    WRITE_STATUS = "Push Operation Status Changed"
    WRITE_TIMED_OUT = "Push Operation Timed Out"
    EXPENSES_STARTED = "Sync Started"
    EXPENSES_COMPLETED = "Sync Completed"
    EXPENSES_FAILED = "Sync Failed"


class RuleNotFound(LookupError):
    """No rule has this id."""


class Notifiers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a rule's alerts go."""

    emails: list[str] | None = None
    """E-mail addresses, kept with the rule. Bookbridge sends no e-mail."""
    webhook: str | None = None
    """Address that gets a POST."""


class RuleDraft(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule to be made."""

    type: str
    """What to be told of."""
    notifiers: Notifiers
    """Who is told."""
    company_id: UUID | None = None
    """Only of this company; of all if absent."""


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A rule of the older kind: what to be told of, and where."""

    id: UUID
    """Identifier of the rule."""
    type: str
    """What to be told of."""
    notifiers: Notifiers
    """Who is told."""
    company_id: UUID | None = None
    """Only of this company; of all if absent."""


class Alert(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="pascal"):
    """What a rule's address gets. The client is filled in when it is sent."""

    alert_id: UUID
    rule_id: UUID
    rule_type: str
    type: str
    message: str
    data: dict[str, Any]
    company_id: UUID | None = None
    data_connection_id: UUID | None = None
    client_id: UUID | None = None
    client_name: str | None = None


RULE_PROPERTIES: Final[Mapping[str, Property]] = {
    "id": Property(Kind.STRING, "id::text"),
    "type": Property(Kind.STRING, "type"),
    "companyId": Property(Kind.STRING, "company_id::text"),
}
"""What rules may be queried and ordered by."""

_COLUMNS = "id, type, company_id, emails, webhook"
_BY_FOLDED_NAME = {
    **{"".join(filter(str.isalnum, kind.value)).casefold(): kind for kind in RuleType},
    "synccomplete": RuleType.EXPENSES_COMPLETED,
}


async def create(db: Db, draft: RuleDraft, *, private_addresses_allowed: bool = False) -> Rule:
    """Keep a rule. Raises InvalidConsumer for what is wrong with it, TooManyConsumers above RULES_MAX."""
    kind = _BY_FOLDED_NAME.get("".join(filter(str.isalnum, draft.type[:100])).casefold())
    problems = []
    if kind is None:
        known = ", ".join(each.value for each in RuleType)
        problems.append(Problem("type", f"There are no rules of this type. Known are: {known}."))
    emails = draft.notifiers.emails or []
    if len(emails) > EMAILS_MAX or any(len(each) > EMAIL_LENGTH_MAX or "\x00" in each for each in emails):
        problems.append(Problem("notifiers.emails", f"At most {EMAILS_MAX} addresses."))
    if problems or kind is None:
        raise InvalidConsumer(problems)
    if draft.notifiers.webhook:
        consumers.check(
            ConsumerDraft(url=draft.notifiers.webhook, event_types=["read.completed"]),
            private_addresses_allowed=private_addresses_allowed,
        )
    await db.execute("select pg_advisory_xact_lock($1)", consumers.CREATE_LOCK)
    if await db.fetchval("select count(*) from rules") >= RULES_MAX:
        raise consumers.TooManyConsumers(f"At most {RULES_MAX} rules.")
    row = await db.fetchrow(
        f"""insert into rules (id, type, company_id, emails, webhook, created) values ($1, $2, $3, $4, $5, $6)
        returning {_COLUMNS}""",  # noqa: S608
        uuid4(),
        kind.value,
        draft.company_id,
        emails,
        draft.notifiers.webhook or None,
        datetime.now(UTC),
    )
    return _rule(row)


async def get(db: Db | asyncpg.Pool, rule_id: UUID) -> Rule:
    """One rule. Raises RuleNotFound."""
    row = await db.fetchrow(f"select {_COLUMNS} from rules where id = $1", rule_id)  # noqa: S608
    if row is None:
        raise RuleNotFound(str(rule_id))
    return _rule(row)


async def list_page(
    db: Db, *, page: int, page_size: int, where: Compiled | None = None, order_by: str | None = None
) -> tuple[list[Rule], int]:
    """One page (from 1) of rules, oldest first, and how many there are. `where` is compiled over RULE_PROPERTIES."""
    condition, arguments = ("true", ()) if where is None else (where.sql, where.arguments)
    total = await db.fetchval(f"select count(*) from rules where {condition}", *arguments)  # noqa: S608
    rows = await db.fetch(
        f"""select {_COLUMNS} from rules where {condition} order by {order_by or "created"}, id
        limit {page_size:d} offset {(page - 1) * page_size:d}""",  # noqa: S608
        *arguments,
    )
    return [_rule(row) for row in rows], int(total)


async def raise_alert(
    db: Db,
    kind: RuleType,
    message: str,
    data: Mapping[str, Any],
    *,
    company_id: UUID | None,
    connection_id: UUID | None = None,
) -> None:
    """Tell every rule of this type, once the caller's transaction has committed. `data` holds only JSON values."""
    rows = await db.fetch(
        """select id from rules where type = $1 and webhook is not null and (company_id is null or company_id = $2)
        order by id for key share""",
        kind.value,
        company_id,
    )
    now = datetime.now(UTC)
    for row in rows:
        alert = Alert(
            alert_id=uuid4(),
            rule_id=row["id"],
            rule_type=kind.value,
            type=kind.value,
            message=message[:MESSAGE_LENGTH_MAX],
            data=dict(data),
            company_id=company_id,
            data_connection_id=connection_id,
        )
        await db.execute(
            """insert into rule_alerts (rule_id, id, body, status, next_attempt, created)
            values ($1, $2, $3, 'Sending', $4, $4)""",
            row["id"],
            alert.alert_id,
            msgspec.json.encode(alert).decode(),
            now,
        )
        await jobs.ring(db, ALERT_TASK, str(row["id"]))


def _rule(row: asyncpg.Record) -> Rule:
    return Rule(
        id=row["id"],
        type=row["type"],
        company_id=row["company_id"],
        notifiers=Notifiers(emails=list(row["emails"]) or None, webhook=row["webhook"]),
    )
