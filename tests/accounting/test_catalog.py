"""The catalogue is complete, ordered by dependency, and agrees with the contract's names."""

from __future__ import annotations

import msgspec
import pytest

from bookbridge.accounting import catalog
from bookbridge.accounting.data_type import Level
from bookbridge.accounting.field_docs import field_docs, summary
from bookbridge.accounting.fields import fields_of


def test_the_contract_has_43_data_types() -> None:
    assert len(catalog.ALL_KEYS) == 43
    assert {data_type.key for data_type in catalog.DATA_TYPES} <= catalog.ALL_KEYS


def test_what_a_record_refers_to_is_synced_before_it() -> None:
    seen: set[str] = set()
    for data_type in catalog.DATA_TYPES:
        assert set(data_type.links) <= seen, data_type
        seen.add(data_type.key)


@pytest.mark.parametrize(
    ("key", "path", "record", "level"),
    [
        ("company", "info", "CompanyInfo", Level.COMPANY),
        ("chartOfAccounts", "accounts", "Account", Level.COMPANY),
        ("bankAccounts", "bankAccounts", "BankAccount", Level.CONNECTION),
        ("taxRates", "taxRates", "TaxRate", Level.COMPANY),
        ("trackingCategories", "trackingCategories", "TrackingCategory", Level.COMPANY),
        ("suppliers", "suppliers", "Supplier", Level.COMPANY),
        ("customers", "customers", "Customer", Level.COMPANY),
        ("items", "items", "Item", Level.COMPANY),
        ("bills", "bills", "Bill", Level.COMPANY),
        ("billCreditNotes", "billCreditNotes", "BillCreditNote", Level.COMPANY),
        ("billPayments", "billPayments", "BillPayment", Level.COMPANY),
        ("invoices", "invoices", "Invoice", Level.COMPANY),
        ("creditNotes", "creditNotes", "CreditNote", Level.COMPANY),
        ("payments", "payments", "Payment", Level.COMPANY),
        ("salesOrders", "salesOrders", "SalesOrder", Level.COMPANY),
        ("purchaseOrders", "purchaseOrders", "PurchaseOrder", Level.COMPANY),
        ("itemReceipts", "itemReceipts", "ItemReceipt", Level.COMPANY),
        ("directCosts", "directCosts", "DirectCost", Level.CONNECTION),
        ("directIncomes", "directIncomes", "DirectIncome", Level.CONNECTION),
        ("transfers", "transfers", "Transfer", Level.CONNECTION),
        ("journals", "journals", "Journal", Level.COMPANY),
        ("journalEntries", "journalEntries", "JournalEntry", Level.COMPANY),
        ("bankTransactions", "bankTransactions", "BankTransaction", Level.CONNECTION),
        ("accountTransactions", "accountTransactions", "AccountTransaction", Level.CONNECTION),
        ("paymentMethods", "paymentMethods", "PaymentMethod", Level.COMPANY),
        ("balanceSheet", "financials/balanceSheet", "BalanceSheet", Level.COMPANY),
        ("profitAndLoss", "financials/profitAndLoss", "ProfitAndLoss", Level.COMPANY),
        ("cashFlowStatement", "financials/cashFlowStatement", "CashFlowStatement", Level.COMPANY),
    ],
)
def test_keys_paths_and_levels(key: str, path: str, record: str, level: Level) -> None:
    data_type = catalog.by_key(key)
    assert catalog.by_path(path) is data_type
    assert (data_type.key, data_type.path, data_type.name, data_type.level) == (key, path, record, level)


def test_every_accounting_type_of_the_contract_is_declared() -> None:
    declared = {data_type.key for data_type in catalog.DATA_TYPES}
    assert {key for key in catalog.ALL_KEYS if not key.startswith(("banking-", "commerce-"))} == declared


def test_what_is_not_a_plain_list() -> None:
    rows = catalog.DATA_TYPES
    statements = ["balanceSheet", "profitAndLoss", "cashFlowStatement"]
    assert [one.key for one in rows if one.single] == ["company", *statements]
    assert [one.key for one in rows if one.statement] == statements
    assert [one.key for one in rows if one.pdf] == ["invoices"]
    documents = {"bills", "billCreditNotes", "invoices", "directCosts", "directIncomes", "transfers"}
    assert {one.key for one in rows if one.attachments} == documents | {"customers", "suppliers"}


def test_a_parent_is_a_list_and_the_child_names_it() -> None:
    assert [one.key for one in catalog.DATA_TYPES if one.parent] == ["bankTransactions"]
    for one in catalog.DATA_TYPES:
        assert (one.parent is None) == (one.parent_field is None)
        if one.parent is not None:
            assert not catalog.by_key(one.parent).single
            assert one.parent in one.links
            assert one.parent_field in one.query_fields


def test_names_are_found_whatever_their_case() -> None:
    assert catalog.by_key("CHARTOFACCOUNTS").key == "chartOfAccounts"
    assert catalog.by_path("BillPayments").key == "billPayments"
    assert catalog.canonical_key("Commerce-Orders") == "commerce-orders"


@pytest.mark.parametrize("find", [catalog.by_key, catalog.by_path, catalog.canonical_key])
def test_an_unknown_name_is_said_clearly(find: object) -> None:
    with pytest.raises(catalog.UnknownDataTypeError, match="'nonsense'"):
        find("nonsense")  # type: ignore[operator]


def test_a_key_is_not_a_path() -> None:
    with pytest.raises(LookupError):
        catalog.by_path("chartOfAccounts")


def _structs_within(struct: type[msgspec.Struct], found: set[type[msgspec.Struct]]) -> None:
    found.add(struct)
    for field in fields_of(struct):
        if field.struct is not None and field.struct not in found:
            _structs_within(field.struct, found)


@pytest.mark.parametrize("data_type", catalog.DATA_TYPES, ids=lambda one: one.key)
def test_every_field_has_a_sentence(data_type: catalog.AnyDataType) -> None:
    structs: set[type[msgspec.Struct]] = set()
    _structs_within(data_type.record, structs)
    for struct in structs:
        docs = field_docs(struct)
        assert summary(struct).endswith("."), struct
        for field in fields_of(struct):
            assert docs.get(field.name, "").endswith("."), f"{struct.__name__}.{field.name}"
