"""Bodies that are hostile or odd."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookbridge.emulators.xero import XeroEmulatorSettings
from bookbridge.emulators.xero.accounting_api import answer
from bookbridge.emulators.xero.http import Request
from bookbridge.emulators.xero.lists import Envelope, QueryCache
from bookbridge.emulators.xero.postings import imbalances
from bookbridge.emulators.xero.resources import RESOURCES, Resource
from bookbridge.emulators.xero.seed import seed_book
from tests.emulators.xero.world import Api

XML = {"content-type": "application/xml"}
FUZZED = seed_book(XeroEmulatorSettings(), seed=1, name="Fuzzed", base_currency="GBP", documents=2)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"[1]",
        b'"x"',
        b"nothing",
        b"\xff\xfe",
        b"<Contact>",
        b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>"
        b"<Contact><Name>&e;</Name></Contact>",
        b"[" * 100_000,
    ],
)
def test_unreadable_bodies(reader: Api, body: bytes) -> None:
    answer = reader.call("PUT", "Contacts", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["Type"] == "PostDataInvalidException"


def test_a_body_may_be_wrapped_bare_a_list_or_xml(api: Api) -> None:
    for number, body in enumerate(
        (
            {"Contacts": [{"Name": "W0"}]},
            {"Name": "W1"},
            [{"Name": "W2"}],
            {"Contact": {"Name": "W3"}},
        )
    ):
        assert api.ok("PUT", "Contacts", body)["Contacts"][0]["Name"] == f"W{number}"
    for text in ("<Contacts><Contact><Name>X0</Name></Contact></Contacts>", "<Contact><Name>X1</Name></Contact>"):
        assert api.call("PUT", "Contacts", content=text, headers=XML).status_code == 200


def test_dates_come_in_every_form(api: Api) -> None:
    line = [{"Description": "x", "UnitAmount": 1, "AccountCode": "429"}]
    for text in ("2026-06-01", "2026-06-01T00:00:00", "2026-06-01T00:00:00Z", "/Date(1780272000000)/",
                  "/Date(1780272000000+0000)/"):  # fmt: skip
        body = {"Type": "ACCPAY", "Contact": {"Name": "D"}, "Date": text, "LineItems": line}
        assert api.ok("PUT", "Invoices", body)["Invoices"][0]["DateString"] == "2026-06-01T00:00:00"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Name", {"a": 1}),
        ("Name", "x" * 300),
        ("Addresses", "text"),
        ("Addresses", [1]),
        ("Phones", {"PhoneNumber": []}),
        ("DefaultCurrency", "NOPE"),
        ("ContactPersons", [{}] * 6),
    ],
)
def test_wrong_kinds_of_value_are_validation_errors(reader: Api, field: str, value: object) -> None:
    assert reader.errors("PUT", "Contacts", {"Name": "Kinds", field: value})


def test_large_numbers_and_bodies(reader: Api) -> None:
    for amount in ("1e300", "NaN", "99999999999999999", True):
        line = [{"Description": "x", "UnitAmount": amount, "AccountCode": "429"}]
        assert reader.errors("PUT", "Invoices", {"Type": "ACCPAY", "Contact": {"Name": "N"}, "LineItems": line})
    for line, currency in (
        ({"Quantity": "9e12", "UnitAmount": "9e12"}, {}),
        ({"UnitAmount": 1}, {"CurrencyCode": "EUR", "CurrencyRate": "1e-12"}),
        ({"UnitAmount": 1}, {"CurrencyCode": "EUR", "CurrencyRate": "-1"}),
    ):
        body = {"Type": "ACCPAY", "Contact": {"Name": "N"}, "LineItems": [line], **currency}
        assert reader.errors("PUT", "Invoices", body)
    odd = {"Name": "Odd", "TaxComponents": [{"Name": "a", "Rate": "9e12"}]}
    assert reader.errors("PUT", "TaxRates", odd)
    huge = json.dumps({"Name": "x" * 4_000_000})
    assert reader.call("PUT", "Contacts", content=huge).status_code == 413


def test_an_id_in_the_path_or_the_body_updates(api: Api) -> None:
    made = api.ok("PUT", "Contacts", {"Name": "Upd"})["Contacts"][0]
    byte_body = api.ok("POST", "Contacts", {"ContactID": made["ContactID"], "FirstName": "A"})
    assert byte_body["Contacts"][0]["FirstName"] == "A"
    assert api.call("POST", "Contacts/none", {"Name": "x"}).status_code == 404
    missing = {"ContactID": "00000000-0000-4000-8000-000000000000", "Name": "x"}
    assert "could not be found" in api.errors("POST", "Contacts", missing)[0]


SCALAR = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 10**6), st.text(max_size=8),
    st.sampled_from(["2026-06-01", "AUTHORISED", "VOIDED", "DELETED", "ACCPAY", "SPEND", "090", "429", "INPUT2",
                     "1e5", "-1", "BANK", "Inclusive", "Fernhollow", "RECEIVE-PREPAYMENT"]),
)  # fmt: skip
LEAF_NAMES = st.sampled_from(
    ["Name", "Type", "Status", "Date", "DueDate", "Amount", "Code", "AccountCode", "TaxType", "Quantity",
     "UnitAmount", "LineAmount", "TaxAmount", "DiscountRate", "CurrencyCode", "CurrencyRate", "Narration",
     "LineAmountTypes", "InvoiceNumber", "ContactID", "AccountID", "Option", "ItemCode", "IsReconciled"]
)  # fmt: skip
NEST_NAMES = st.sampled_from(
    ["Contact", "LineItems", "Invoice", "Account", "BankAccount", "FromBankAccount", "ToBankAccount", "Payments",
     "JournalLines", "Tracking", "Addresses", "Phones", "SalesDetails", "TaxComponents", "CreditNote", "Item"]
)  # fmt: skip
LEAVES = st.dictionaries(LEAF_NAMES, SCALAR, max_size=6)
ELEMENT = st.builds(
    lambda leaves, nested: {**leaves, **nested},
    LEAVES,
    st.dictionaries(NEST_NAMES, st.one_of(SCALAR, LEAVES, st.lists(LEAVES, max_size=2)), max_size=4),
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(RESOURCES), st.sampled_from(["PUT", "POST"]), st.one_of(ELEMENT, st.lists(ELEMENT)))
def test_no_body_breaks_the_emulator(resource: Resource, method: str, body: object) -> None:
    book = FUZZED
    head = Request(
        method=method,
        path="",
        segments=(),
        query={},
        query_string="",
        headers={"content-type": "application/json"},
        body=json.dumps(body).encode(),
    )
    response = answer(book, head, (resource.name,), Envelope(book, "t"), QueryCache(), journals_enabled=True)
    assert response.status in {200, 400, 501}
    assert imbalances(book) == []
