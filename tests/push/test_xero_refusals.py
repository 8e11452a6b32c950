"""Every refusal of the vendor that a caller can provoke reaches the caller under the contract's field.

The refusals are those that the vendor's emulator knows; that none of them is left out here is proved as well.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bookbridge.connectors.kit.connector import Operation
from bookbridge.emulators import xero as emulator
from bookbridge.push.operations import Status
from tests.connectors.conftest import emulator_url, sandbox, vendor_http  # noqa: F401 - fixtures
from tests.push.test_xero import XeroDesk, xero  # noqa: F401 - fixture
from tests.push.xero_ground import (
    Body,
    Ground,
    account,
    allocation,
    bank_account,
    bill,
    cost,
    credit,
    entry,
    invoice,
    item,
    line,
    one_line,
    order,
    payment,
    transfer,
)

LOCKED = "2020-01-31T00:00:00"
MISSING = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Case:
    """A write that is refused: the field that is named, and a part of the message."""

    data_type: str
    body: Callable[[Ground], Body | None]
    field: str
    message: str
    operation: Operation = Operation.CREATE
    record: str = ""


def currency_cases(key: str, make: Callable[..., Body], *, at_once: bool) -> Iterator[Case]:
    """Currencies that the organisation does not have, and rates that there are not."""
    if not at_once:  # what moves on a bank account is in that account's currency, whatever is sent
        yield Case(key, lambda g: make(g, currency="KWD"), "currency", "subscribed")
    yield Case(key, lambda g: make(g, currency="USD", currencyRate=1e-12), "currencyRate", "rate")


U, D = Operation.UPDATE, Operation.DELETE
CASES: Final = (
    Case("chartOfAccounts", lambda g: account(name="Other"), "nominalCode", "unique Code"),
    Case("chartOfAccounts", lambda g: account(nominalCode="1"), "name", "unique Name"),
    Case("bankAccounts", lambda g: bank_account(accountName="Other"), "nominalCode", "unique Code"),
    Case("bankAccounts", lambda g: bank_account(nominalCode="1"), "accountName", "unique Name"),
    Case(
        "bankAccounts",
        lambda g: bank_account(accountName="K", nominalCode="2", currency="KWD"),
        "currency",
        "subscribed",
    ),
    Case("bankAccounts", lambda g: bank_account(accountName="T", nominalCode="3"), "", "Type", U, "account"),
    Case(
        "suppliers", lambda g: {"supplierName": "Kestrel Ltd", "status": "Active"}, "supplierName", "already assigned"
    ),
    Case(
        "customers", lambda g: {"customerName": "Kestrel Ltd", "status": "Active"}, "customerName", "already assigned"
    ),
    Case(
        "suppliers", lambda g: {"supplierName": "E", "status": "Active", "emailAddress": "x"}, "emailAddress", "Email"
    ),
    Case(
        "suppliers",
        lambda g: {"supplierName": "E", "status": "Active", "defaultCurrency": "KWD"},
        "defaultCurrency",
        "subscribed",
    ),
    Case("suppliers", lambda g: {"supplierName": "F", "status": "Archived"}, "status", "archived", U, "archived"),
    Case("items", lambda g: item(g), "code", "already exists"),
    Case(
        "items",
        lambda g: item(g, code="A", billItem={"unitPrice": 1, "accountRef": {"id": g.ids["archived account"]}}),
        "billItem.accountRef.id",
        "not valid for this item",
    ),
    Case(
        "items",
        lambda g: item(g, code="A", invoiceItem={"unitPrice": 1, "accountRef": {"id": g.ids["archived account"]}}),
        "invoiceItem.accountRef.id",
        "not valid for this item",
    ),
    Case(
        "items",
        lambda g: item(g, code="A", billItem={"unitPrice": 1, "accountRef": {"id": g.ids["debtors"]}}),
        "billItem.accountRef.id",
        "not a valid code",
    ),
    Case(
        "items",
        lambda g: item(g, code="A", type="Inventory", billItem={"unitPrice": 1, "accountRef": {"id": g.ids["cost"]}}),
        "billItem.accountRef.id",
        "cost of goods",
    ),
    Case(
        "items",
        lambda g: item(g, code="A", billItem={"unitPrice": 1, "taxRateRef": {"id": "NOPE"}}),
        "billItem.taxRateRef.id",
        "TaxType",
    ),
    Case(
        "items",
        lambda g: item(g, code="A", invoiceItem={"unitPrice": 1, "taxRateRef": {"id": "NOPE"}}),
        "invoiceItem.taxRateRef.id",
        "TaxType",
    ),
    *(
        case
        for key, make, party in (
            ("bills", bill, "supplierRef"),
            ("billCreditNotes", credit, "supplierRef"),
            ("invoices", invoice, "customerRef"),
            ("creditNotes", lambda g, **more: credit(g, "customerRef", **more), "customerRef"),
            ("purchaseOrders", order, "supplierRef"),
            ("directCosts", cost, "contactRef"),
            ("directIncomes", cost, "contactRef"),
        )
        for case in (
            Case(
                key,
                lambda g, m=make, p=party: m(g, **{p: {"id": MISSING}}),
                f"{party}.id",
                "contact could not be found",
            ),
            Case(
                key,
                lambda g, m=make, p=party: m(g, **{p: {"id": g.ids["archived"]}}),
                f"{party}.id",
                "contact is archived",
            ),
            Case(
                key,
                lambda g, m=make: m(g, **one_line(g, accountRef={"id": MISSING})),
                "lineItems[0].accountRef.id",
                "not a valid code",
            ),
            Case(
                key,
                lambda g, m=make: m(g, **one_line(g, accountRef={"id": g.ids["archived account"]})),
                "lineItems[0].accountRef.id",
                "archived",
            ),
            Case(
                key,
                lambda g, m=make: m(g, **one_line(g, accountRef={"id": g.ids["debtors"]})),
                "lineItems[0].accountRef.id",
                "not a valid code",
            ),
            Case(
                key,
                lambda g, m=make: m(g, **one_line(g, taxRateRef={"id": "NOPE"})),
                "lineItems[0].taxRateRef.id",
                "TaxType",
            ),
            Case(
                key,
                lambda g, m=make: m(g, **one_line(g, itemRef={"id": MISSING})),
                "lineItems[0].itemRef.id",
                "no such item",
            ),
            Case(
                key,
                lambda g, m=make: m(g, **one_line(g, trackingCategoryRefs=[{"id": MISSING}])),
                "lineItems[0].trackingCategoryRefs[0].id",
                "tracking",
            ),
            *currency_cases(key, make, at_once=party == "contactRef"),
        )
    ),
    *(
        Case(key, lambda g, m=make, n=name: m(g, **{n: LOCKED}), name, "lock")
        for key, make, name in (
            ("bills", bill, "issueDate"),
            ("billCreditNotes", credit, "issueDate"),
            ("directCosts", cost, "issueDate"),
            ("journalEntries", entry, "postedOn"),
        )
    ),
    Case(
        "bills",
        lambda g: bill(g, **one_line(g, taxAmount=9, taxRateRef={"id": "INPUT2"}), taxAmount=9, totalAmount=19),
        "lineItems[0].taxAmount",
        "tax amount",
    ),
    Case(
        "bills",
        lambda g: bill(g, **one_line(g, taxRateRef={"id": "OUTPUT2"}, taxAmount=2), taxAmount=2, totalAmount=12),
        "lineItems[0].taxRateRef.id",
        "TaxType",
    ),
    Case(
        "bills",
        lambda g: bill(g, lineItems=[line(g), line(g, accountRef={"id": MISSING})], subTotal=20, totalAmount=20),
        "lineItems[1].accountRef.id",
        "not a valid code",
    ),
    Case(
        "bills",
        lambda g: bill(g, **one_line(g, unitAmount=-10), subTotal=-10, totalAmount=-10),
        "totalAmount",
        "less than 0",
    ),
    Case("invoices", lambda g: invoice(g), "invoiceNumber", "unique"),
    Case("creditNotes", lambda g: credit(g, "customerRef", creditNoteNumber="CN-1"), "creditNoteNumber", "unique"),
    Case("purchaseOrders", lambda g: order(g), "purchaseOrderNumber", "unique"),
    Case("purchaseOrders", lambda g: order(g, purchaseOrderNumber="PO-9"), "status", "status", U, "order"),
    Case("bills", lambda g: bill(g), "status", "payment or credit note", U, "paid"),
    Case("bills", lambda g: None, "", "payment or credit note", D, "paid"),
    Case("billPayments", lambda g: payment(g, "bill", amount=99), "totalAmount", "exceeds"),
    Case("billPayments", lambda g: payment(g, MISSING), "lines[0].links[0].id", "could not be found"),
    Case("billPayments", lambda g: payment(g, "draft"), "lines[0].links[0].id", "Authorised"),
    Case(
        "billPayments",
        lambda g: payment(g, "bill", accountRef={"id": g.ids["cost"]}),
        "accountRef.id",
        "payments enabled",
    ),
    Case("billPayments", lambda g: payment(g, "bill", accountRef={"id": MISSING}), "accountRef.id", "not a valid code"),
    Case(
        "billPayments", lambda g: payment(g, "bill", accountRef={"id": g.ids["dollars"]}), "accountRef.id", "currency"
    ),
    Case("billPayments", lambda g: payment(g, "bill", date=LOCKED), "date", "lock"),
    Case("billPayments", lambda g: payment(g, "bill", "draft", amount=5), "lines.links.id", "Authorised"),
    Case("billPayments", lambda g: payment(g, "bill", "invoice", amount=5), "lines.links.id", "mix"),
    Case("billPayments", lambda g: allocation(g, "credit", 99), "lines[0].links.amount", "exceeds"),
    Case("billPayments", lambda g: allocation(g, "others credit"), "supplierRef.id", "same contact"),
    Case("billPayments", lambda g: allocation(g, "dollar credit"), "currency", "same currency"),
    Case("billPayments", lambda g: allocation(g, "draft credit"), "lines[0].links.id", "Authorised"),
    Case("billPayments", lambda g: allocation(g, "customers credit"), "lines[0].links.id", "matching types"),
    Case("bills", lambda g: bill(g), "status", "valid status", U, "void"),
    Case("bills", lambda g: bill(g), "", "Type", U, "invoice"),
    Case("billCreditNotes", lambda g: credit(g), "", "Type", U, "customers credit"),
    Case("directCosts", lambda g: cost(g), "", "reconciled", U, "cost paid"),
    Case("directCosts", lambda g: None, "", "reconciled", D, "cost paid"),
    Case("directCosts", lambda g: cost(g), "", "valid status", U, "cost gone"),
    Case("directCosts", lambda g: cost(g), "", "Overpayments", U, "side of money ahead"),
    Case(
        "bills",
        lambda g: bill(g, lineItems=[line(g)] * 1_001, subTotal=10_010, totalAmount=10_010),
        "lineItems",
        "1000",
    ),
    Case("directCosts", lambda g: cost(g), "", "transfer", U, "side of a transfer"),
    Case("billPayments", lambda g: None, "", "reconciled", D, "payment seen"),
    Case(
        "invoices",
        lambda g: invoice(g, **one_line(g, discountPercentage=150)),
        "lineItems[0].discountPercentage",
        "discount",
    ),
    Case(
        "bills",
        lambda g: bill(g, **one_line(g, unitAmount=1e14), subTotal=1e14, totalAmount=1e14),
        "lineItems[0].unitAmount",
        "range",
    ),
    Case("bills", lambda g: bill(g, issueDate="2026-02-30T00:00:00"), "issueDate", "date"),
    Case("transfers", lambda g: transfer(g, "bank", "dollars"), "to.accountRef.id", "same currency"),
    Case("transfers", lambda g: transfer(g, "cost", "bank"), "from.accountRef.id", "BANK"),
    Case("journalEntries", lambda g: entry(g, g.ids["bank"]), "journalLines[0].accountRef.id", "not a valid code"),
    Case("journalEntries", lambda g: entry(g, g.ids["archived account"]), "journalLines[0].accountRef.id", "archived"),
)


NEVER: Final[dict[str, tuple[str, ...]]] = {
    "What must be there is required by our own rules, or put in by us.": (
        "A Contact must be specified for this type of transaction",
        "A bank account must be specified",
        "Account code '' is not a valid code for this document.",
        "Account code must be specified",
        "Account must be specified",
        "An allocation must reference an Invoice",
        "At least one payment must be specified",
        "At least two journal lines are needed",
        "Bank account number must be specified",
        "Credit Note Type must be specified",
        "Every payment of a batch needs an Invoice and an Amount above zero",
        "Invoice Type must be specified",
        "Item Code must be specified",
        "Narration must be specified",
        "One or more line items must be specified",
        "Payment must reference an Invoice, CreditNote, Prepayment or Overpayment",
        "The Contact Name must be specified",
        "The Name must be specified",
        "The Type must be specified",
        "The Type of the bank transaction must be specified",
        "The document DueDate field must be specified.",
        "…ID must be specified",
    ),
    "Texts, dates, numbers and words are checked against the same limits before they leave.": (
        "'…' is not a valid value for …",
        "A contact can have at most 5 contact persons",
        "A maximum of 2 tracking categories can be used on a line item",
        "Account Code is too long. Maximum of … characters allowed",
        "The discount rate must be between 0 and 100",
        "The line amount is out of range",
        "The value for … must be no longer than … characters",
        "… is not a valid date",
        "… must be a list of elements",
        "… must be a number",
        "… must be an element",
        "… must be text",
        "… must be true or false",
    ),
    "Amounts that must fit each other are checked before they leave; totals of lines are not sent.": (
        "Batch payments can only be made in the base currency",
        "Payment amount must be greater than zero",
        "The accounts of a transfer must differ",
        "The allocation amount must be greater than zero",
        "The document … … does not match the expected … …",
        "The line total … does not match the expected line total …",
        "The total debits must equal total credits: they differ by …",
        "The transfer amount must be greater than zero",
    ),
    "What is named is looked up at the vendor first, and refused by us if it is not there.": (
        "A line item can use each tracking category once",
        "A tracked item has no AccountCode in its PurchaseDetails",
        "A tracked item needs the COGSAccountCode of its PurchaseDetails",
        "InventoryAssetAccountCode must be an account of the type INVENTORY",
        "Item code '…' is not valid",
        "The tracking category '…' is not valid",
        "The tracking option '…' is not valid",
    ),
    "What is to be deleted is looked up first: it is gone already, or is deleted another way.": (
        "A payment of a batch cannot be deleted on its own",
        "A … manual journal cannot become …",
        "Manual journal not of valid status for modification",
        "The batch payment has already been deleted",
        "The payment has already been deleted",
    ),
    "No write of ours asks for it.": (
        "A bank transfer can only be changed by setting its Status to DELETED",
        "A batch payment can only be changed by setting its Status to DELETED",
        "A document cannot be created with status DELETED",
        "A document cannot be created with status …",
        "A payment can only be changed by setting its Status to DELETED",
        "A payment can only be created as AUTHORISED",
        "A tax rate must be between 0 and 100",
        "A tax rate needs a Name and at least one TaxComponent",
        "A tracking category with this name already exists",
        "A tracking option with this name already exists",
        "An overpayment must have exactly one line item",
        "Currency code must have three letters",
        "Maximum of 2 active tracking categories has been reached",
        "Only an approved purchase order can be billed",
        "System accounts cannot be archived",
        "System accounts cannot be deleted",
        "The Account Number already exists. Please enter a different Account Number.",
        "The TaxType code '…' cannot be used with an account of this type",
        "The account has transactions and cannot be deleted",
        "The bank transfer cannot be deleted as it has been reconciled",
        "The bank transfer has already been deleted",
        "The contact number is already assigned to another contact",
        "The payment has no document",
        "The tracking category name must be specified",
        "The tracking option name must be specified",
    ),
}
"""Refusals that nobody can provoke through us, by what keeps them from happening."""


async def test_each_refusal_names_its_field_and_none_is_left_out(xero: XeroDesk) -> None:  # noqa: F811
    ground = Ground(xero)
    await ground.lay()
    wrong, seen = [], set[str]()
    for case in CASES:
        more = {} if case.operation is Operation.CREATE else {"record_id": ground.ids[case.record]}
        operation = await xero.submit(case.data_type, case.body(ground), case.operation, **more)
        await xero.work()
        ended = await xero.get(operation.id)
        errors = [(one.item_id or "", one.message) for one in ended.validation.errors] if ended.validation else []
        told = next((message for where, message in errors if where == case.field), "")
        if ended.status is not Status.FAILED or case.message.casefold() not in told.casefold():
            wrong.append(f"{case.data_type}, {case.field}, {case.message}: {ended.error_message} {errors}")
        seen |= {message for _, message in errors}
    assert wrong == []
    known = dict(templates())
    left_out = {text for text, pattern in known.items() if not any(pattern.fullmatch(message) for message in seen)}
    assert left_out == {text for texts in NEVER.values() for text in texts}


def templates() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Every refusal of the emulator as its source has it, and a pattern for what becomes of it."""
    folder = Path(emulator.__file__).parent
    for path in sorted(folder.glob("*.py")):
        module = importlib.import_module(f"{emulator.__name__}.{path.stem}") if path.stem != "__main__" else None
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "ValidationFailed":
                for argument in node.args:
                    yield from _templates_of(argument, module)


def _templates_of(node: ast.expr, module: object) -> Iterator[tuple[str, re.Pattern[str]]]:
    match node:
        case ast.Constant():
            yield str(node.value), re.compile(re.escape(str(node.value)))
        case ast.Name():
            text = getattr(module, node.id)
            yield text, re.compile(re.escape(text))
        case ast.IfExp():
            yield from _templates_of(node.body, module)
            yield from _templates_of(node.orelse, module)
        case ast.Starred():
            pass  # passes on what was collected elsewhere
        case ast.JoinedStr():
            parts = [str(part.value) if isinstance(part, ast.Constant) else None for part in node.values]
            pattern = "".join(".*" if part is None else re.escape(part) for part in parts)
            yield "".join("…" if part is None else part for part in parts), re.compile(pattern, re.DOTALL)
        case _:
            raise AssertionError(f"a refusal in a form that is not understood: {ast.dump(node)}")
