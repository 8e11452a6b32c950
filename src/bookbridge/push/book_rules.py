"""What the books themselves say about a write: their currency, the periods that are closed, documents that are there.

Known from what was read, and as old as that: a breach of what may have changed since is a warning, unless the platform
is certain to refuse it. The record's own shape and the platform's rows are `validation`'s business.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from bookbridge.accounting.catalog import by_key
from bookbridge.accounting.currencies import is_currency
from bookbridge.accounting.problems import currency_problems
from bookbridge.accounting.types.bank_accounts import BANK_ACCOUNTS
from bookbridge.accounting.types.company_info import COMPANY_INFO
from bookbridge.push.findings import Findings
from bookbridge.store import records
from bookbridge.store.pool import Db
from bookbridge.store.query import Compiled
from bookbridge.store.records import Scope

DATES: Final = ("issueDate", "date", "postedOn")
"""The fields that say in which period a record is booked."""

NUMBERS: Final[Mapping[str, tuple[str, str]]] = {
    "bills": ("reference", "supplierRef"),
    "billCreditNotes": ("billCreditNoteNumber", "supplierRef"),
    "purchaseOrders": ("purchaseOrderNumber", "supplierRef"),
    "invoices": ("invoiceNumber", "customerRef"),
    "creditNotes": ("creditNoteNumber", "customerRef"),
}
"""The number by which people know a document, and whose it is: the same number twice is mostly the same paper twice."""

_CONTACTS: Final = {"supplierRef": "suppliers", "customerRef": "customers"}
CURRENCY_FIELDS: Final = frozenset({"currency", "defaultCurrency"})

BANK_ACCOUNTS_MAX: Final = 200
"""Bank accounts whose currencies are looked at."""


class _Info(msgspec.Struct, rename="camel"):
    base_currency: str | None = None
    ledger_lock_date: str | None = None


class BookRules:
    """The rules of one connection's books. Asks the database only for what a write touches."""

    def __init__(self, db: Db | asyncpg.Pool, company_id: UUID, connection_id: UUID) -> None:
        self._db = db
        self._company_id = company_id
        self._connection_id = connection_id
        self._info: _Info | None = None

    async def check(self, data_type: str, content: dict[str, Any], findings: Findings, record_id: str | None) -> None:
        """Everything about a body, without nulls; `record_id` names the record that an update is for."""
        await self._check_currencies(content, findings)
        await self.check_period(content, findings)
        await self._check_number(data_type, content, findings, record_id)

    async def check_period(self, content: Mapping[str, Any], findings: Findings, *, stored: bool = False) -> None:
        """No date in a closed period; of a `stored` record, that it is not booked in one."""
        dates = {name: value for name in DATES if isinstance(value := content.get(name), str)}
        closed = (await self.info()).ledger_lock_date if dates else None
        if closed is None:
            return
        for name, value in dates.items():
            if value[:10] <= closed[:10]:
                what = f"The record is booked on {value[:10]}, which" if stored else f"{name} {value[:10]}"
                findings.error("" if stored else name, f"{what} lies in a period closed until {closed[:10]}.")

    async def info(self) -> _Info:
        """What is known of the company; nothing, if it was never read."""
        if self._info is None:
            body = await records.get_body(self._db, self._scope(COMPANY_INFO.key), COMPANY_INFO.key)
            self._info = _Info() if body is None else msgspec.json.decode(body, type=_Info)
        return self._info

    async def known_currencies(self) -> list[str]:
        """The base currency first, then those of the bank accounts; empty if nothing was read."""
        base = (await self.info()).base_currency
        bodies, _ = await records.list_bodies(
            self._db, self._scope(BANK_ACCOUNTS.key), condition=None, order=None, limit=BANK_ACCOUNTS_MAX, offset=0
        )
        accounts = [msgspec.json.decode(body, type=_Account).currency for body in bodies]
        return list(dict.fromkeys(code.upper() for code in (base, *accounts) if code))

    async def _check_currencies(self, content: dict[str, Any], findings: Findings) -> None:
        named = list(_currencies(content, ""))
        base = (await self.info()).base_currency if named else None
        foreign: dict[str, str] = {}
        for path, code in named:
            if currency_problems(code, None):
                continue  # no code at all, which the record's own check tells
            if not is_currency(code):
                findings.error(path, f"{path}: '{code[:10]}' is no currency of ISO 4217.")
            elif base is not None and code.upper() != base.upper():
                foreign[path] = code.upper()
        if foreign:
            known = await self.known_currencies()
            for path, code in foreign.items():
                if code not in known:
                    findings.warn(path, f"{path}: {code} was not seen in these books; the platform may not accept it.")
        await self._check_contacts_currency(content, findings)
        await self._check_banks_currency(content, findings)

    async def _check_banks_currency(self, content: dict[str, Any], findings: Findings) -> None:
        """What is paid at once may be booked in the bank account's currency, whatever the record says."""
        currency = content.get("currency")
        for bank_id in set(_paid_from(content)) if isinstance(currency, str) else ():
            body = await records.get_body(self._db, self._scope(BANK_ACCOUNTS.key), bank_id)
            kept_in = None if body is None else msgspec.json.decode(body, type=_Account).currency
            if kept_in is not None and kept_in.upper() != str(currency).upper():
                message = f"The bank account is in {kept_in}; the platform may book the same amounts in {kept_in}."
                findings.warn("currency", message)

    async def _check_contacts_currency(self, content: dict[str, Any], findings: Findings) -> None:
        currency = content.get("currency")
        for name, data_type in _CONTACTS.items():
            contact = content.get(name)
            contact_id = contact.get("id") if isinstance(contact, dict) else None
            if not isinstance(currency, str) or not isinstance(contact_id, str):
                continue
            body = await records.get_body(self._db, self._scope(data_type), contact_id)
            usual = None if body is None else msgspec.json.decode(body, type=_Contact).default_currency
            if usual is not None and usual.upper() != currency.upper():
                findings.warn("currency", f"This {by_key(data_type).singular} is usually dealt with in {usual}.")

    async def _check_number(
        self, data_type: str, content: dict[str, Any], findings: Findings, record_id: str | None
    ) -> None:
        field, party = NUMBERS.get(data_type, ("", ""))
        number, contact = content.get(field), content.get(party)
        contact_id = contact.get("id") if isinstance(contact, dict) else None
        if not isinstance(number, str) or not number.strip() or not isinstance(contact_id, str):
            return
        known = records.properties(by_key(data_type))
        scope = self._scope(data_type)
        first = len(scope.where()[1]) + 1
        condition = Compiled(
            f"{known[f'{party}.id'].sql} = lower(${first}) and {known[field].sql} = ${first + 1}"
            f" and not {known['metadata.isDeleted'].sql}",
            (contact_id, number),
        )
        bodies, _ = await records.list_bodies(self._db, scope, condition=condition, order=None, limit=2, offset=0)
        for body in bodies:
            found = msgspec.json.decode(body, type=_Known)
            if found.id != record_id and found.status != "Void":
                noun = by_key(data_type).singular
                findings.warn(field, f"There is a {noun} of this contact with the {field} '{number[:100]}' already.")

    def _scope(self, data_type: str) -> Scope:
        return Scope(self._company_id, data_type, self._connection_id)


class _Account(msgspec.Struct, rename="camel"):
    currency: str | None = None


class _Contact(msgspec.Struct, rename="camel"):
    default_currency: str | None = None


class _Known(msgspec.Struct, rename="camel"):
    id: str
    status: str | None = None


def _paid_from(content: Mapping[str, Any]) -> Iterator[str]:
    """The bank accounts that a record is paid from or into at once."""
    allocations = content.get("paymentAllocations")
    for one in allocations if isinstance(allocations, list) else ():
        payment = one.get("payment") if isinstance(one, dict) else None
        account = payment.get("accountRef") if isinstance(payment, dict) else None
        if isinstance(account, dict) and isinstance(account.get("id"), str):
            yield account["id"]


def _currencies(content: Any, prefix: str) -> Iterator[tuple[str, str]]:
    """Every currency that was sent, by its path."""
    if isinstance(content, dict):
        for name, value in content.items():
            if name in CURRENCY_FIELDS and isinstance(value, str):
                yield f"{prefix}{name}", value
            else:
                yield from _currencies(value, f"{prefix}{name}.")
    elif isinstance(content, list):
        for place, entry in enumerate(content):
            yield from _currencies(entry, f"{prefix[:-1]}[{place}].")
