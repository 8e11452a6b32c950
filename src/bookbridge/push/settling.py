"""What a payment says of what it settles: that it belongs to that supplier or customer, and is in that currency.

A platform that pays one document takes the supplier and the currency from the document, whatever the payment says: ten
euros meant for one supplier would become ten dollars paid to another. Known from what was read, and from what earlier
writes have made; records that are not stored are the platform's to judge. Nothing else about payments is checked here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from bookbridge.accounting.catalog import by_key
from bookbridge.companies.connections import Connection
from bookbridge.connectors.kit.connector import Write
from bookbridge.connectors.kit.errors import FieldProblem, Rejected
from bookbridge.push import bodies
from bookbridge.push.findings import Findings
from bookbridge.store import records
from bookbridge.store.pool import Db
from bookbridge.store.records import Scope

LINKS_MAX: Final = 5_000
"""Links of one payment that are looked at."""

CHANGED: Final = "If that has changed since it was read, read {} again."

OWN_RATE: Final = "lines.links.currencyRate"
"""A platform that takes it pays documents in other currencies than the payment's."""


@dataclass(frozen=True)
class _Side:
    """Payments of one side of the books."""

    party: str
    contact: str
    settled: Mapping[str, str]
    """Types of links → the data types that they name."""


_SIDES: Final = {
    "billPayments": _Side(
        "supplierRef", "supplier", {"Bill": "bills", "CreditNote": "billCreditNotes", "BillPayment": "billPayments"}
    ),
    "payments": _Side(
        "customerRef", "customer", {"Invoice": "invoices", "CreditNote": "creditNotes", "Payment": "payments"}
    ),
}
"""Data types of payments."""


class _Party(msgspec.Struct):
    id: str | None = None


class _Settled(msgspec.Struct, rename="camel"):
    supplier_ref: _Party | None = None
    customer_ref: _Party | None = None
    currency: str | None = None


async def check(
    db: Db | asyncpg.Pool,
    write: Write[Any],
    content: Mapping[str, Any],
    findings: Findings,
    *,
    company_id: UUID,
    connection_id: UUID,
) -> None:
    """Add an error for each record that a payment settles and describes wrongly. Other records pass."""
    side = _SIDES.get(write.data_type.key)
    if side is None:
        return
    party_id = (content.get(side.party) or {}).get("id")
    currency = None if OWN_RATE in write.fields else content.get("currency")
    if not party_id and not currency:
        return
    named: dict[str, dict[str, str]] = {}
    for where, data_type, record_id in islice(_links(side, content), LINKS_MAX):
        named.setdefault(data_type, {}).setdefault(record_id, where)
    for data_type, places in named.items():
        noun = by_key(data_type).singular
        for record_id, body in (
            await records.bodies_of(db, Scope(company_id, data_type, connection_id), list(places))
        ).items():
            found = msgspec.json.decode(body, type=_Settled)
            party = found.supplier_ref or found.customer_ref
            if party_id and party and party.id and party.id.casefold() != str(party_id).casefold():
                message = f"{places[record_id]} is the {noun} of another {side.contact}. {CHANGED.format(data_type)}"
                findings.error(f"{side.party}.id", message)
            if currency and found.currency and found.currency.upper() != str(currency).upper():
                told = f"{places[record_id]} is a {noun} in {found.currency}, and is settled in that currency."
                message = f"{told} {CHANGED.format(data_type)}"
                findings.error("currency", message)


async def refuse_wrong(db: Db | asyncpg.Pool, write: Write[Any], body: str, connection: Connection) -> None:
    """The same of a payment that named what it settles by the keys of earlier writes, now that they have their records.
    Raises Rejected."""
    findings = Findings(write.data_type.name)
    await check(
        db,
        write,
        bodies.parse(body.encode()),
        findings,
        company_id=connection.company_id,
        connection_id=connection.id,
    )
    problems = tuple(FieldProblem(field, found.message) for (field, _), found in findings.errors.items())
    if problems:
        raise Rejected("Not sent: " + " ".join(one.message for one in problems), problems)


def _links(side: _Side, content: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Path, data type and id of each record that is settled."""
    for n, line in enumerate(content.get("lines") or ()):
        for m, link in enumerate(line.get("links") or ()):
            data_type = side.settled.get(str(link.get("type")))
            if data_type is not None and link.get("id"):
                yield f"lines[{n}].links[{m}]", data_type, str(link["id"])
