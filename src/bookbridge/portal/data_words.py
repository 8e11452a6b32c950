"""Plain words for data types and writes, as consent and Portal pages use them. Pure text.

The people who read them keep books; they do not know our keys. They must say what for, not only what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bookbridge.accounting.catalog import DATA_TYPES
from bookbridge.connectors.kit.connector import Connector, Operation


@dataclass(frozen=True)
class Words:
    """What a data type is called, and what it is read for."""

    title: str
    purpose: str


DATA_TYPE_WORDS: Mapping[str, Words] = {
    "company": Words("Company profile", "Name, currency, registered details: to show that the right books are open."),
    "chartOfAccounts": Words("Accounts", "The chart of accounts: to file each document under the right account."),
    "bankAccounts": Words("Bank accounts", "Names and balances: to record a payment against the account it came from."),
    "taxRates": Words("Tax rates", "To put the right tax on each line."),
    "trackingCategories": Words("Tracking categories", "Departments, regions and the like: to file documents by them."),
    "suppliers": Words("Suppliers", "Names and contact details: to pay and file bills under the right supplier."),
    "customers": Words("Customers", "Names and contact details: to connect costs to the customer they are for."),
    "items": Words("Items", "Products and services: to file bill lines under them."),
    "bills": Words("Bills", "What is owed, to whom and when: to show and pay what is due."),
    "billCreditNotes": Words("Bill credit notes", "What suppliers owe back: to pay only what is truly due."),
    "billPayments": Words("Bill payments", "What was paid already: so that nothing is paid twice."),
    "paymentMethods": Words("Payment methods", "To record how a payment was made."),
    "journals": Words("Journals", "To file ledger entries under the right journal."),
    "purchaseOrders": Words("Purchase orders", "What was ordered: to compare bills with it."),
    "itemReceipts": Words("Goods received", "What was delivered: to pay only for what has arrived."),
    "salesOrders": Words("Sales orders", "What customers ordered: to show what will be invoiced."),
    "invoices": Words("Invoices", "What customers owe and when: to show what will come in."),
    "creditNotes": Words("Credit notes", "What is owed back to customers: to show what they truly owe."),
    "payments": Words("Payments from customers", "What came in already: to show what is still due."),
    "directCosts": Words("Costs paid on the spot", "Card and cash purchases: so that spending is complete."),
    "directIncomes": Words("Income received on the spot", "Sales that were paid at once: so that income is complete."),
    "transfers": Words("Transfers", "Money moved between own accounts: so that it is not taken for income."),
    "bankTransactions": Words("Bank statement lines", "What the bank reports: to match it with the books."),
    "journalEntries": Words("Ledger entries", "Everything that was booked: to show that the books add up."),
    "accountTransactions": Words("Bank account entries", "What was booked to bank accounts: to follow each payment."),
    "balanceSheet": Words("Balance sheet", "What is owned and owed, month by month."),
    "profitAndLoss": Words("Profit and loss account", "What was earned and spent, month by month."),
    "cashFlowStatement": Words("Cash flow statement", "What came in and went out, month by month."),
}

_DEEDS = {
    Operation.CREATE: "Add",
    Operation.UPDATE: "Change",
    Operation.DELETE: "Delete",
    Operation.UPLOAD_ATTACHMENT: "Attach files to",
}


def words_of(data_type_key: str) -> Words:
    """The words of a data type; for one without words of its own, its key made readable."""
    found = DATA_TYPE_WORDS.get(data_type_key)
    if found is not None:
        return found
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", data_type_key.replace("-", " ")).lower()
    return Words(spaced.capitalize(), "")


def reads(connector: Connector) -> list[Words]:
    """What the connector reads, in the order in which it is read."""
    return [words_of(row.key) for row in DATA_TYPES if connector.read(row.key) is not None]


def writes(connector: Connector) -> list[str]:
    """What the connector may change, as short sentences without a full stop."""
    found = []
    for row in DATA_TYPES:
        title = words_of(row.key).title
        noun = title[0].lower() + title[1:]
        deeds = [_DEEDS[write.operation] for write in connector.writes if write.data_type.key == row.key]
        if connector.attachment_rule(row.key) is not None and _DEEDS[Operation.UPLOAD_ATTACHMENT] not in deeds:
            deeds.append(_DEEDS[Operation.UPLOAD_ATTACHMENT])
        if deeds:
            found.append(f"{_listed(deeds)} {noun}")
    return found


def _listed(deeds: list[str]) -> str:
    lowered = [deeds[0], *(deed.lower() for deed in deeds[1:])]
    return lowered[0] if len(lowered) == 1 else f"{', '.join(lowered[:-1])} and {lowered[-1]}"


COLUMNS: Mapping[str, tuple[str, ...]] = {
    "company": ("companyName", "companyLegalName", "baseCurrency", "taxNumber"),
    "chartOfAccounts": ("nominalCode", "name", "type", "status", "currency", "currentBalance"),
    "bankAccounts": ("accountName", "nominalCode", "currency", "balance", "status"),
    "taxRates": ("name", "code", "effectiveTaxRate", "status"),
    "trackingCategories": ("name", "status", "hasChildren"),
    "suppliers": ("supplierName", "contactName", "emailAddress", "defaultCurrency", "status"),
    "customers": ("customerName", "contactName", "emailAddress", "defaultCurrency", "status"),
    "items": ("code", "name", "type", "itemStatus"),
    "bills": (
        "reference",
        "supplierRef.supplierName",
        "issueDate",
        "dueDate",
        "currency",
        "totalAmount",
        "amountDue",
        "status",
    ),
    "billCreditNotes": (
        "billCreditNoteNumber",
        "supplierRef.supplierName",
        "issueDate",
        "currency",
        "totalAmount",
        "remainingCredit",
        "status",
    ),
    "billPayments": ("reference", "supplierRef.supplierName", "date", "currency", "totalAmount"),
    "invoices": (
        "invoiceNumber",
        "customerRef.companyName",
        "issueDate",
        "dueDate",
        "currency",
        "totalAmount",
        "amountDue",
        "status",
    ),
    "creditNotes": (
        "creditNoteNumber",
        "customerRef.companyName",
        "issueDate",
        "currency",
        "totalAmount",
        "remainingCredit",
        "status",
    ),
    "payments": ("reference", "customerRef.companyName", "date", "currency", "totalAmount"),
    "purchaseOrders": (
        "purchaseOrderNumber",
        "supplierRef.supplierName",
        "issueDate",
        "currency",
        "totalAmount",
        "status",
    ),
    "salesOrders": ("salesOrderNumber", "customerRef.companyName", "issueDate", "currency", "totalAmount", "status"),
    "itemReceipts": ("reference", "supplierRef.supplierName", "receivedDate", "currency", "totalAmount", "status"),
    "directCosts": ("reference", "issueDate", "note", "currency", "totalAmount"),
    "directIncomes": ("reference", "issueDate", "note", "currency", "totalAmount"),
    "transfers": ("date", "description", "from.currency", "from.amount", "to.amount"),
    "bankTransactions": ("clearedOnDate", "description", "amount", "balance", "transactionType", "reconciled"),
    "accountTransactions": ("date", "note", "bankAccountRef.name", "totalAmount", "status"),
    "journalEntries": ("postedOn", "description", "journalRef.name"),
    "journals": ("journalCode", "name", "type", "status"),
    "paymentMethods": ("name", "type", "status"),
}
"""Which fields a list of records shows, by dotted path."""


def column_title(path: str) -> str:
    """A field's name as the head of a column: its last part, spaced."""
    last = path.rpartition(".")[2]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", last).lower().capitalize()
