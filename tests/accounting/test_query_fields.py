"""Query fields are derived from the records: objects are entered, lists are not."""

from __future__ import annotations

from bookbridge.accounting.catalog import DATA_TYPES, by_key
from bookbridge.accounting.data_type import QueryKind


def test_the_fields_of_bills() -> None:
    assert by_key("bills").query_fields == {
        "id": QueryKind.STRING,
        "sourceModifiedDate": QueryKind.DATE,
        "modifiedDate": QueryKind.DATE,
        "metadata.isDeleted": QueryKind.BOOL,
        "issueDate": QueryKind.DATE,
        "dueDate": QueryKind.DATE,
        "status": QueryKind.ENUM,
        "subTotal": QueryKind.NUMBER,
        "taxAmount": QueryKind.NUMBER,
        "totalAmount": QueryKind.NUMBER,
        "amountDue": QueryKind.NUMBER,
        "reference": QueryKind.STRING,
        "supplierRef.id": QueryKind.STRING,
        "supplierRef.supplierName": QueryKind.STRING,
        "currency": QueryKind.STRING,
        "currencyRate": QueryKind.NUMBER,
        "note": QueryKind.STRING,
    }


def test_published_example_queries_resolve() -> None:
    accounts = by_key("chartOfAccounts").query_fields
    assert accounts["isBankAccount"] is QueryKind.BOOL
    assert accounts["type"] is QueryKind.ENUM
    items = by_key("items").query_fields
    assert items["billItem.accountRef.id"] is QueryKind.STRING
    assert items["billItem.taxRateRef.effectiveTaxRate"] is QueryKind.NUMBER


def test_lists_are_not_entered() -> None:
    for data_type in DATA_TYPES:
        assert not any(
            path.startswith(("lineItems", "lines", "addresses", "components")) for path in data_type.query_fields
        )


def test_every_list_can_be_asked_for_changes_and_deletions() -> None:
    for data_type in DATA_TYPES:
        if not data_type.single:
            assert data_type.query_fields["modifiedDate"] is QueryKind.DATE
            assert data_type.query_fields["metadata.isDeleted"] is QueryKind.BOOL


def test_words_of_enum_fields_are_known() -> None:
    bills = by_key("bills")
    assert bills.enum_values == {"status": ("Unknown", "Open", "PartiallyPaid", "Paid", "Void", "Draft")}
    for data_type in DATA_TYPES:
        enums = {path for path, kind in data_type.query_fields.items() if kind is QueryKind.ENUM}
        assert set(data_type.enum_values) == enums


def test_the_answer_is_computed_once() -> None:
    assert by_key("bills").query_fields is by_key("bills").query_fields
