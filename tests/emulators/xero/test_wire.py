"""Bodies that are hostile or odd."""

from __future__ import annotations

import json

import pytest

from tests.emulators.xero.world import Api

XML = {"content-type": "application/xml"}


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
    for given in ("2026-06-01", "2026-06-01T00:00:00", "2026-06-01T00:00:00Z", "/Date(1780272000000)/",
                  "/Date(1780272000000+0000)/"):  # fmt: skip
        body = {"Type": "ACCPAY", "Contact": {"Name": "D"}, "Date": given, "LineItems": line}
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
    huge = json.dumps({"Name": "x" * 4_000_000})
    assert reader.call("PUT", "Contacts", content=huge).status_code == 413


def test_an_id_in_the_path_or_the_body_updates(api: Api) -> None:
    made = api.ok("PUT", "Contacts", {"Name": "Upd"})["Contacts"][0]
    byte_body = api.ok("POST", "Contacts", {"ContactID": made["ContactID"], "FirstName": "A"})
    assert byte_body["Contacts"][0]["FirstName"] == "A"
    assert api.call("POST", "Contacts/none", {"Name": "x"}).status_code == 404
    missing = {"ContactID": "00000000-0000-4000-8000-000000000000", "Name": "x"}
    assert "could not be found" in api.errors("POST", "Contacts", missing)[0]
