"""WRITES: what the ledger takes of each data type, and what it demands. Records are sent as they are.

The fields are derived from the record classes, since the ledger speaks the same shapes: all but those that it decides
itself. Another vendor lists the fields that it takes, and has a function per type from our record to its payload.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from bookbridge.accounting.catalog import DATA_TYPES, by_key
from bookbridge.accounting.data_type import DataType
from bookbridge.accounting.fields import Kind, fields_of
from bookbridge.accounting.options import READ_ONLY_FIELDS
from bookbridge.accounting.records import Record
from bookbridge.accounting.types.bank_transactions import BANK_TRANSACTION_LINES
from bookbridge.connectors.kit.connector import AttachmentRule, Choice, Facts, Operation, Write

NAME_LENGTH_MAX: Final = 255
REFERENCE_LENGTH_MAX: Final = 255
DESCRIPTION_LENGTH_MAX: Final = 4_000
TEXT_LENGTH_MAX: Final = 500
"""Of any other text that people write."""

ATTACHMENT_SIZE_MAX_BYTES: Final = 5 * 1024 * 1024
_EXTENSIONS: Final = "csv doc docx eml gif jpeg jpg pdf png tif tiff txt xls xlsx xml zip"
ATTACHMENT_EXTENSIONS: Final = frozenset(_EXTENSIONS.split())


def body(record: Record, facts: Facts) -> Record:
    """The record itself."""
    del facts
    return record


def deleted(record: None, facts: Facts) -> None:
    """A deletion has no body."""
    del record, facts


@dataclass(frozen=True)
class _Rules:
    """What the ledger demands of one data type."""

    required: tuple[str, ...]
    operations: tuple[Operation, ...] = (Operation.CREATE,)
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Fields whose words are fewer than the contract's."""
    lost: frozenset[str] = frozenset()
    """Fields of the record, by path, that the ledger does not keep."""
    usual: tuple[str, ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)


_C, _U, _D = Operation.CREATE, Operation.UPDATE, Operation.DELETE
_NAMED = {"status": ("Active", "Archived")}
_PURCHASE = ("supplierRef.id", "issueDate", "lineItems")
_SALE = ("customerRef.id", "issueDate", "lineItems")
_SALE_WORDS = {"status": ("Submitted", "Draft")}
_LINES = ("lineItems.quantity", "lineItems.unitAmount", "lineItems.accountRef.id")
_LINE_NOTES = {
    "lineItems.accountRef.id": "May be left out of a line with an item that has an account.",
    "lineItems.taxRateRef.id": "Required where tax is charged.",
}
_AT_ONCE_NOTES = {**_LINE_NOTES, "contactRef.id": "Of a supplier or a customer: `dataType` says of which."}
_SETTLED = ("accountRef.id", "lines.links.id")
_SETTLED_NOTES = {
    "accountRef.id": "May be left out where no money moves: a credit note is set against a document.",
    "lines.links.amount": "Below zero for a document, above zero for what is used up; the line and its links are zero.",
}
_PAYMENT = ("date", "lines", "lines.links")
_AT_ONCE = ("issueDate", "lineItems", "paymentAllocations", "paymentAllocations.payment.accountRef.id")
_TRANSFER = ("date", "from.accountRef.id", "from.amount", "to.accountRef.id", "to.amount")
_ENTRY = ("postedOn", "journalLines", "journalLines.netAmount", "journalLines.accountRef.id")
_UNKEPT_DAY = frozenset({"allocatedOnDate"})
_FOREIGN = frozenset({"journalLines.transactionAmount", "journalLines.transactionCurrency"})
_RULES: Final[Mapping[str, _Rules]] = {
    "chartOfAccounts": _Rules(("nominalCode", "name", "type"), lost=frozenset({"status"})),
    "bankAccounts": _Rules(
        ("accountName",),
        (_C, _U),
        {"accountType": ("Debit", "Credit"), "currency": ("GBP",)},
        lost=frozenset({"balance"}),
    ),
    "suppliers": _Rules(("supplierName",), (_C, _U), _NAMED),
    "customers": _Rules(("customerName",), (_C, _U), _NAMED),
    "items": _Rules(("name",)),
    "bills": _Rules(_PURCHASE, (_C, _U, _D), {"status": ("Open", "Draft")}, usual=_LINES, notes=_LINE_NOTES),
    "billCreditNotes": _Rules(_PURCHASE, (_C, _U), _SALE_WORDS, _UNKEPT_DAY, _LINES, _LINE_NOTES),
    "billPayments": _Rules(
        _PAYMENT,
        (_C, _D),
        {"lines.links.type": ("Bill", "CreditNote", "PaymentOnAccount", "BillPayment")},
        frozenset({"lines.links.currencyRate"}),
        _SETTLED,
        _SETTLED_NOTES,
    ),
    "invoices": _Rules(_SALE, (_C, _U, _D), _SALE_WORDS, usual=_LINES, notes=_LINE_NOTES),
    "creditNotes": _Rules(_SALE, (_C, _U), _SALE_WORDS, _UNKEPT_DAY, _LINES, _LINE_NOTES),
    "payments": _Rules(
        _PAYMENT,
        words={"lines.links.type": ("Invoice", "CreditNote", "PaymentOnAccount", "Payment")},
        lost=frozenset({"lines.links.currencyRate"}),
        usual=_SETTLED,
        notes=_SETTLED_NOTES,
    ),
    "purchaseOrders": _Rules(
        _PURCHASE, (_C, _U), {"status": ("Open", "Draft", "Closed", "Void")}, usual=_LINES, notes=_LINE_NOTES
    ),
    "directCosts": _Rules(_AT_ONCE, (_C, _U, _D), usual=_LINES, notes=_AT_ONCE_NOTES),
    "directIncomes": _Rules(_AT_ONCE, usual=_LINES, notes=_AT_ONCE_NOTES),
    "transfers": _Rules(
        _TRANSFER,
        lost=frozenset({"contactRef", "status", "trackingCategoryRefs", "depositedRecordRefs"}),
        notes={
            "to.accountRef.id": "Another account than the money comes from.",
            "to.amount": "The same amount as leaves the other account.",
        },
    ),
    "journals": _Rules(("name",), lost=frozenset({"status"})),
    "journalEntries": _Rules(
        _ENTRY,
        (_C, _D),
        lost=_FOREIGN | {"createdOn", "journalLines.contactRef"},
        notes={"journalLines.netAmount": "Debits are above zero, credits below; together the lines are zero."},
    ),
    "bankTransactions": _Rules(("accountId", "transactions", "transactions.amount", "transactions.date")),
}

_NEVER_TAKEN: Final = frozenset(
    {
        "amountDue",
        "additionalTaxAmount",
        "additionalTaxPercentage",
        "availableBalance",
        "currentBalance",
        "discountPercentage",
        "fullyQualifiedName",
        "hasChildren",
        "isBankAccount",
        "isDirectCost",
        "isDirectIncome",
        "journalRef",
        "paidOnDate",
        "reconciled",
        "recordRef",
        "remainingCredit",
        "totalDiscount",
        "tracking",
        "updatedOn",
        "validDatatypeLinks",
        "withholdingTax",
    }
)
"""Fields that the ledger decides itself, or does not keep, wherever they are."""

_TAKEN_ALL_THE_SAME: Final = frozenset({"lineItems.discountPercentage"})
_MONEY: Final = Choice(records_of="bankAccounts")
_BOOKED: Final = Choice(records_of="chartOfAccounts", where="isBankAccount=false")
_REFERENCES: Final = {
    "supplierRef": Choice(records_of="suppliers"),
    "customerRef": Choice(records_of="customers"),
    "accountRef": Choice(records_of="chartOfAccounts"),
    "taxRateRef": Choice(records_of="taxRates"),
    "itemRef": Choice(records_of="items"),
    "trackingCategoryRefs": Choice(records_of="trackingCategories", where="hasChildren=false"),
    "paymentMethodRef": Choice(records_of="paymentMethods"),
    "purchaseOrderRefs": Choice(records_of="purchaseOrders"),
    "salesOrderRefs": Choice(records_of="salesOrders"),
}
_AT: Final = {
    "accountId": _MONEY,
    "accountRef.id": _MONEY,
    "from.accountRef.id": _MONEY,
    "to.accountRef.id": _MONEY,
    "paymentAllocations.payment.accountRef.id": _MONEY,
    "lineItems.accountRef.id": _BOOKED,
    "billItem.accountRef.id": _BOOKED,
    "invoiceItem.accountRef.id": _BOOKED,
    "parentId": Choice(records_of="journals"),
}
"""What is chosen at a path where its name alone does not say it."""
_SUBMITTED: Final[Mapping[str, DataType[Any]]] = {BANK_TRANSACTION_LINES.key: BANK_TRANSACTION_LINES}
"""Types of which something else is written than read."""

_LENGTHS: Final = {
    "name": NAME_LENGTH_MAX,
    "supplierName": NAME_LENGTH_MAX,
    "customerName": NAME_LENGTH_MAX,
    "accountName": NAME_LENGTH_MAX,
    "reference": REFERENCE_LENGTH_MAX,
    "description": DESCRIPTION_LENGTH_MAX,
}


def _paths(struct: type[msgspec.Struct], rules: _Rules, prefix: str = "") -> Iterator[str]:
    """The fields that the ledger takes, by dotted path: every leaf that it does not decide itself."""
    for one in fields_of(struct):
        path = f"{prefix}{one.json_name}"
        never = one.json_name in _NEVER_TAKEN and path not in _TAKEN_ALL_THE_SAME
        if never or path in READ_ONLY_FIELDS or path in rules.lost or one.kind is Kind.MAP:
            continue
        if path == "paymentAllocations":
            # Elsewhere it is the payments that tell what was allocated.
            if path in rules.required:
                yield f"{path}.payment.accountRef.id"
        elif one.json_name in _REFERENCES and one.struct is not None:
            yield f"{path}.id"
        elif one.struct is not None:
            yield from _paths(one.struct, rules, f"{path}.")
        else:
            yield path


def _choices(paths: tuple[str, ...], rules: _Rules) -> dict[str, Choice]:
    found = {path: Choice(words) for path, words in rules.words.items()}
    for path in paths:
        *_, parent, name = ("", *path.split("."))
        if path in _AT:
            found[path] = _AT[path]
        elif name == "id" and parent in _REFERENCES:
            found[path] = _REFERENCES[parent]
    return found


def _lengths(data_type: DataType[Any], paths: tuple[str, ...], choices: Mapping[str, Choice]) -> dict[str, int]:
    """The longest text that is taken in each field that people write."""
    free = [path for path in _texts(data_type.record) if path in paths and path not in choices]
    return {path: _LENGTHS.get(path.rpartition(".")[2], TEXT_LENGTH_MAX) for path in free}


def _texts(struct: type[msgspec.Struct], prefix: str = "") -> Iterator[str]:
    for one in fields_of(struct):
        if one.struct is not None:
            yield from _texts(one.struct, f"{prefix}{one.json_name}.")
        elif one.kind is Kind.STRING:
            yield f"{prefix}{one.json_name}"


def _writes(key: str, rules: _Rules) -> Iterator[Write[Any]]:
    data_type = _SUBMITTED.get(key) or by_key(key)
    paths = tuple(_paths(data_type.record, rules))
    choices = _choices(paths, rules)
    lengths = _lengths(data_type, paths, choices)
    for operation in rules.operations:
        if operation is Operation.DELETE:
            yield Write(data_type, operation, key, deleted, fields=())
            continue
        yield Write(
            data_type,
            operation,
            key,
            body,
            fields=paths,
            required=rules.required,
            usual=rules.usual,
            notes=rules.notes,
            choices=choices,
            length_max=lengths,
        )


WRITES: Final[tuple[Write[Any], ...]] = tuple(write for key, rules in _RULES.items() for write in _writes(key, rules))

ATTACHMENT_RULES: Final = tuple(
    AttachmentRule(data_type.key, data_type.key, ATTACHMENT_SIZE_MAX_BYTES, ATTACHMENT_EXTENSIONS)
    for data_type in DATA_TYPES
    if data_type.attachments
)
