"""What the options tell is enough: a body made of them alone is accepted, by us and by the ledger, for every type.

What no tree can tell is here in a few tables: which amounts make sense together, and what an e-mail address looks like.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import pytest

from bookbridge.accounting.options import PushOption, PushOptionType
from bookbridge.connectors import registry
from bookbridge.connectors.kit.connector import Connector, Operation
from bookbridge.connectors.kit.session import Access
from bookbridge.push.operations import PushOperation, Status
from bookbridge.push.options import options
from tests.connectors.conftest import emulator_url, sandbox, vendor_http  # noqa: F401 - fixtures
from tests.push.conftest import Desk
from tests.push.reading import read_all
from tests.push.test_own_ledger import LedgerDesk
from tests.push.test_own_ledger import desk as own  # noqa: F401 - fixture
from tests.push.test_xero import XeroDesk, xero  # noqa: F401 - fixture

DAY: Final = "2026-11-18T00:00:00"
TRIED_MAX: Final = 5
"""Choices tried of one field, spread over all of them."""

AMOUNTS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("subTotal", "totalAmount", "amountDue", "remainingCredit", "amount", "netAmount"), 10),
    **dict.fromkeys(("unitAmount", "unitPrice", "balance", "overdraftLimit"), 10),
    **dict.fromkeys(("quantity", "currencyRate"), 1),
    "lines.links.amount": -10,
}
"""Amounts by name or path; all others are zero."""

TEXTS: Final[Mapping[str, str]] = {
    "currency": "GBP",
    "defaultCurrency": "GBP",
    "emailAddress": "someone@example.com",
    "email": "someone@example.com",
    "sortCode": "200000",
    "accountNumber": "12345678",
}
PAID: Final = {"billPayments": ("bills", "Open"), "payments": ("invoices", "Submitted")}
"""What the first kind of link pays: nobody can choose from a list what is still to be written."""

SOLD: Final = ("invoices", "creditNotes", "directIncomes")
PARTIES: Final = ("supplierRef.id", "customerRef.id")
TAX_FIELDS: Final = ("taxAmount", "totalTaxAmount")
TOTAL_FIELDS: Final = ("totalAmount", "amountDue", "remainingCredit")

TOGETHER: Final = {
    "lines.links.type": "says what kind of record the link's id is",
    "contactRef.dataType": "says what kind of record the reference's id is",
    "chartOfAccounts.type": "is said by the category too, where that is chosen",
    "items.type": "stock needs an account",
}
"""Words that belong to what another field holds, by path or by data type and path: they are not tried by themselves."""

UNLIMITED: Final = ("id", "dataType", "currency", "defaultCurrency", "sortCode")
"""Texts whose length is that of what they name."""

_LIMIT = re.compile(r"longer than (\d+) characters")

Wanted = Callable[[str, PushOption], bool]


@dataclass
class Form:
    """Fills in one body. `wanted` says which fields beside the required ones; `chosen` takes another choice than the
    first at a path."""

    wanted: Wanted = lambda path, option: False
    chosen: Mapping[str, str] = field(default_factory=dict)
    paid: str = ""
    sells: bool = False
    """Its lines are booked to an account of sales, which the rates for sales go with."""

    def filled(self, option: PushOption, path: str = "", sign: int = 1) -> Any:
        match option.type:
            case PushOptionType.OBJECT:
                return self._object(option, path, sign)
            case PushOptionType.ARRAY:
                signs = (1, -1) if path == "journalLines" else (1,)
                return [self._object(option, path, each) for each in signs]
            case PushOptionType.NUMBER:
                return sign * AMOUNTS.get(path, AMOUNTS.get(path.rpartition(".")[2], 0))
            case PushOptionType.DATE_TIME:
                return DAY
            case PushOptionType.BOOLEAN:
                return True
            case _:
                return self._text(option, path)

    def _object(self, option: PushOption, path: str, sign: int) -> dict[str, Any]:
        inner = {name: (f"{path}.{name}" if path else name, child) for name, child in (option.properties or {}).items()}
        return {
            name: self.filled(child, child_path, sign)
            for name, (child_path, child) in inner.items()
            # Amounts are in a currency, whether or not the ledger guesses which.
            if child.required or child_path == "currency" or self.wanted(child_path, child)
        }

    def _text(self, option: PushOption, path: str) -> str:
        if path in self.chosen:
            return self.chosen[path]
        if option.options:
            # Money goes to another account than it comes from.
            other = {"to.accountRef.id": "from.accountRef.id", "from.accountRef.id": "to.accountRef.id"}.get(path)
            taken = self.chosen.get(other or "", option.options[0].value if path.startswith("to.") else "")
            fit = [one for one in option.options if one.value != taken]
            if self.sells and path == "lineItems.accountRef.id":
                fit.sort(key=lambda one: "Sales" not in one.display_name)
            return fit[0].value
        if path == "lines.links.id":
            return self.paid
        name = path.rpartition(".")[2]
        # In lists of choices it stands behind what was there.
        text = TEXTS.get(name) or f"Z{uuid4().hex[:8]} {option.display_name}"
        limits = [_LIMIT.search(note.details) for note in (option.validation.warnings if option.validation else ())]
        return text[: min((int(found[1]) for found in limits if found), default=len(text))]


def fields(option: PushOption, path: str = "") -> Iterator[tuple[str, PushOption]]:
    """Every field of the tree by its path."""
    for name, child in (option.properties or {}).items():
        child_path = f"{path}.{name}" if path else name
        yield child_path, child
        yield from fields(child, child_path)


def leading_to(path: str) -> Wanted:
    """Wants a field and what it lies in."""
    return lambda one, _: path == one or path.startswith(f"{one}.")


@dataclass
class Books:
    """A ledger, and what came of the forms that were sent to it."""

    desk: Desk
    connector: Connector
    failures: list[str] = field(default_factory=list)

    async def read(self) -> list[str]:
        """Read all that may be chosen from; the types that can be created."""
        access: Access = self.desk.runner._sessions._access
        await read_all(self.desk.pool, self.desk.connection, self.connector, access)
        return [row.data_type.key for row in self.connector.writes if row.operation is Operation.CREATE]

    async def tree(self, data_type: str) -> PushOption:
        connection = self.desk.connection
        return await options(self.desk.pool, self.connector, connection.company_id, connection.id, data_type)

    async def write(self, data_type: str, form: Form) -> PushOperation:
        if data_type in PAID:
            document, status = PAID[data_type]
            party = {path: value for path, value in form.chosen.items() if path in PARTIES}
            form.paid = str((await self.write(document, Form(chosen={"status": status, **party}))).id)
        form.sells = data_type in SOLD
        body = form.filled(await self.tree(data_type))
        await self._tax(body)
        operation = await self.desk.submit(data_type, body)
        await self.desk.work()
        return await self.desk.get(operation.id)

    async def _tax(self, body: dict[str, Any]) -> None:
        """Charge what the chosen rate says, as whoever shows a form does."""
        for line in body.get("lineItems", ()):
            if "taxRateRef" not in line:
                continue
            rate = await self.desk.pool.fetchval(
                """select (body::jsonb ->> 'effectiveTaxRate')::float8 from records
                where data_type = 'taxRates' and record_id = $1""",
                line["taxRateRef"]["id"],
            )
            tax = rate / 10
            line["taxAmount"] = tax
            if "totalAmount" in line:
                line["totalAmount"] += tax
            for name in (*TAX_FIELDS, *TOTAL_FIELDS):
                if name in body:
                    body[name] += tax

    async def foreign(self) -> set[str]:
        """Bank accounts in another currency, between which and the others no money moves without a rate."""
        rows = await self.desk.pool.fetch(
            "select record_id from records where data_type = 'bankAccounts' and body::jsonb ->> 'currency' <> 'GBP'"
        )
        return {row["record_id"] for row in rows}

    async def accepts(self, data_type: str, form: Form, what: str) -> None:
        """Write it, and remember if it is not accepted as it is."""
        ended = await self.write(data_type, form)
        found = ended.validation
        if ended.status is not Status.SUCCESS:
            errors = [(one.item_id, one.message) for one in (found.errors if found else ())]
            self.failures.append(f"{data_type}, {what}: {ended.error_message} {errors}")
        # What a form has asked for is not ignored.
        for warning in found.warnings if found else ():
            if "ignored" in warning.message:
                self.failures.append(f"{data_type}, {what}: {warning.message}")


@pytest.fixture(params=["own", "xero"])
def books(request: pytest.FixtureRequest) -> Books:
    desk: LedgerDesk | XeroDesk = request.getfixturevalue(request.param)
    connector = registry.connector(desk.connection.integration_key if request.param == "xero" else "mqjo")
    assert connector is not None
    return Books(desk, connector)


async def test_what_is_called_required_is_enough(books: Books) -> None:
    for data_type in await books.read():
        await books.accepts(data_type, Form(), "required fields")
    assert books.failures == []


async def test_every_other_field_may_be_filled_in(books: Books) -> None:
    for data_type in await books.read():
        for path, option in fields(await books.tree(data_type)):
            parts = option.type in (PushOptionType.OBJECT, PushOptionType.ARRAY)
            if not option.required and not parts and not TOGETHER.keys() & {path, f"{data_type}.{path}"}:
                await books.accepts(data_type, Form(leading_to(path)), path)
    assert books.failures == []


async def test_every_text_has_a_limit_or_choices(books: Books) -> None:
    unlimited = []
    for data_type in await books.read():
        for path, option in fields(await books.tree(data_type)):
            notes = [note.details for note in (option.validation.warnings if option.validation else ())]
            told = bool(option.options) or any(_LIMIT.search(note) for note in notes)
            name = path.rpartition(".")[2]
            if option.type is PushOptionType.STRING and not told and name not in UNLIMITED:
                unlimited.append(f"{data_type}.{path}")
    assert unlimited == []


async def test_every_choice_may_be_chosen(books: Books) -> None:
    for data_type in await books.read():
        for path, option in fields(await books.tree(data_type)):
            if TOGETHER.keys() & {path, f"{data_type}.{path}"}:
                continue
            for choice in option.options[:: max(1, len(option.options) // TRIED_MAX)]:
                if choice.value not in await books.foreign():
                    form = Form(leading_to(path), {path: choice.value})
                    await books.accepts(data_type, form, f"{path}={choice.display_name}")
    assert books.failures == []
