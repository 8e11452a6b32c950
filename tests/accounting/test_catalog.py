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
    ],
)
def test_keys_paths_and_levels(key: str, path: str, record: str, level: Level) -> None:
    data_type = catalog.by_key(key)
    assert catalog.by_path(path) is data_type
    assert (data_type.key, data_type.path, data_type.name, data_type.level) == (key, path, record, level)


def test_only_the_company_profile_is_single() -> None:
    assert [one.key for one in catalog.DATA_TYPES if one.single] == ["company"]


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
