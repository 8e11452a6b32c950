"""Records on the wire: exact digits, absent means absent, and nothing hostile gets in."""

from __future__ import annotations

import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookbridge.accounting.catalog import DATA_TYPES, AnyDataType
from bookbridge.accounting.fields import Field, Kind, fields_of
from bookbridge.accounting.records import DELETED, ListedRecord
from bookbridge.accounting.types.bank_accounts import BANK_ACCOUNTS, BankAccount
from bookbridge.accounting.types.bills import BILLS, BillStatus
from bookbridge.accounting.types.company_info import COMPANY_INFO, CompanyInfo
from bookbridge.accounting.types.suppliers import SUPPLIERS, Supplier, SupplierStatus
from tests.accounting.books import bill

SUBMITTED = {"issueDate": "2026-01-05", "status": "Open", "subTotal": 1, "taxAmount": 0.2, "totalAmount": 1.2}

_SAMPLES = {
    Kind.STRING: "text",
    Kind.NUMBER: Decimal("12345678901234567.89"),
    Kind.DATE: "2026-01-05T00:00:00",
    Kind.BOOL: True,
    Kind.MAP: {"home": "https://books.example"},
}


def _value(field: Field, within: tuple[type, ...] = ()) -> object:
    if field.struct is not None:
        inner = (*within, field.struct)
        # A report line holds report lines: left out where it comes back within itself.
        value: object = {
            one.json_name: _value(one, inner) for one in fields_of(field.struct) if one.struct not in inner
        }
    elif field.kind is Kind.ENUM:
        value = field.words[0]
    else:
        value = _SAMPLES[field.kind]
    return [value, value] if field.is_list else value


@pytest.mark.parametrize("data_type", DATA_TYPES, ids=lambda one: one.key)
def test_a_full_record_survives_the_round_trip(data_type: AnyDataType) -> None:
    content = {field.json_name: _value(field) for field in fields_of(data_type.record)}
    text = msgspec.json.Encoder(decimal_format="number").encode(content)
    record = data_type.decode(text)
    assert json.loads(data_type.encode(record), parse_float=Decimal) == content
    assert data_type.decode(data_type.encode(record)) == record
    assert data_type.decode_submission(text) == record


@pytest.mark.parametrize("data_type", DATA_TYPES, ids=lambda one: one.key)
def test_what_is_absent_is_left_out(data_type: AnyDataType) -> None:
    required = {field.json_name: _value(field) for field in fields_of(data_type.record) if field.required}
    written = json.loads(data_type.encode(data_type.convert_submission(required)), parse_float=Decimal)
    assert written.pop("metadata", {"isDeleted": False}) == {"isDeleted": False}
    assert written == required


@given(st.decimals(allow_nan=False, allow_infinity=False, places=8, min_value=-(10**25), max_value=10**25))
def test_every_digit_of_an_amount_survives(amount: Decimal) -> None:
    record = msgspec.structs.replace(bill(), total_amount=amount)
    assert BILLS.decode(BILLS.encode(record)).total_amount.as_tuple() == amount.as_tuple()


def test_an_amount_is_a_json_number_with_its_own_digits() -> None:
    record = msgspec.structs.replace(bill(), total_amount=Decimal("12345678901234567.89"))
    assert b'"totalAmount":12345678901234567.89,' in BILLS.encode(record)


def test_metadata_is_always_written() -> None:
    assert b'"metadata":{"isDeleted":false}' in BILLS.encode(bill())
    deleted = msgspec.structs.replace(bill(), metadata=DELETED)
    assert b'"metadata":{"isDeleted":true}' in BILLS.encode(deleted)


def test_names_on_the_wire() -> None:
    account = BankAccount(id="1", iban="GB00")
    assert b'"iBan":"GB00"' in BANK_ACCOUNTS.encode(account)
    assert COMPANY_INFO.encode(CompanyInfo()) == b"{}"


def test_the_id_under_which_a_record_is_kept() -> None:
    assert BILLS.record_id(bill()) == "bill-1"
    assert COMPANY_INFO.record_id(CompanyInfo()) == "company"
    with pytest.raises(ValueError, match="supplier without an id"):
        SUPPLIERS.record_id(Supplier(status=SupplierStatus.ACTIVE))


def test_records_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        bill().note = "changed"  # type: ignore[misc]


def test_a_submission_forgives_nulls_unknown_fields_and_case() -> None:
    body = json.dumps(SUBMITTED | {"status": "open", "lineItems": None, "dueDate": None, "colour": "red"})
    record = BILLS.decode_submission(body)
    assert record.status is BillStatus.OPEN
    assert record.line_items == ()
    assert record.tax_amount == Decimal("0.2")
    assert isinstance(record, ListedRecord)
    assert record.id is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ('"subTotal":"NaN"', r"\$\.subTotal"),
        ('"subTotal":"1.20"', r"\$\.subTotal"),
        ('"subTotal":1e999999', r"limits - at `\$\.subTotal`"),
        ('"subTotal":' + "9" * 39, r"limits - at `\$\.subTotal`"),
        ('"subTotal":' + "9" * 6000, "out of range"),
        ('"subTotal":true', r"\$\.subTotal"),
        ('"issueDate":"soon"', r"such as 2026-01-05T00:00:00 - at `\$\.issueDate`"),
        ('"issueDate":"2026-01-05\\n"', r"\$\.issueDate"),
        ('"status":"Sideways"', r"\$\.status"),
        ('"note":"a\\u0000b"', r"NUL character - at `\$\.note`"),
        ('"lineItems":[{"quantity":{}}]', r"\$\.lineItems\[0\]\.quantity"),
        ('"supplierRef":{}', r"`id` - at `\$\.supplierRef`"),
        ('"x":' + "[" * 40 + "]" * 40, "Nested"),
    ],
)
def test_a_submission_refuses_what_is_hostile_or_wrong(change: str, message: str) -> None:
    name = change.partition(":")[0].strip('"')
    rest = json.dumps({key: value for key, value in SUBMITTED.items() if key != name})
    with pytest.raises(msgspec.ValidationError, match=message):
        BILLS.decode_submission("{" + change + "," + rest[1:])


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 100_000, b"nonsense"])
def test_a_body_that_is_not_json_is_one_kind_of_error(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        BILLS.decode_submission(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=10,
    ),
    st.sampled_from([field.json_name for field in fields_of(BILLS.record)]),
)
def test_no_content_causes_any_other_error(content: object, field: str) -> None:
    try:
        record = BILLS.convert_submission(SUBMITTED_EXACT | {field: content})
    except msgspec.ValidationError:
        return
    BILLS.decode(BILLS.encode(record))
    BILLS.check(record)


SUBMITTED_EXACT = {**SUBMITTED, "taxAmount": Decimal("0.2"), "totalAmount": Decimal("1.2")}
