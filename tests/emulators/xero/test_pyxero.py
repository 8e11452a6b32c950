"""A third party's client, which sends XML and RFC 1123 dates, drives the emulator unchanged."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import xero.auth
from xero import Xero
from xero.auth import OAuth2Credentials
from xero.exceptions import XeroBadRequest, XeroForbidden, XeroNotFound, XeroRateLimitExceeded

from bookbridge.emulators.xero import XeroEmulatorSettings
from bookbridge.emulators.xero.settings import RateLimits
from tests.emulators.xero.world import CLIENT_ID, CLIENT_SECRET, REDIRECT, SCOPES, World, serve


@pytest.fixture(autouse=True)
def _plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def credentials(world: World, monkeypatch: pytest.MonkeyPatch) -> OAuth2Credentials:
    """Through the client's own code: consent, code, token, tenants."""
    monkeypatch.setattr(xero.auth, "XERO_OAUTH2_TOKEN_URL", f"{world.base_url}/connect/token")
    made = OAuth2Credentials(CLIENT_ID, CLIENT_SECRET, callback_uri=REDIRECT, scope=SCOPES.split(), auth_state="abc")
    made.base_url = world.base_url
    callback = world.consent(state="abc", pick=2)
    made.verify(f"{REDIRECT}?code={callback['code']}&state=abc&scope={callback['scope'].replace(' ', '%20')}")
    made.set_default_tenant()
    return made


@pytest.fixture(scope="module")
def shared_pyxero(shared_world: World) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        yield Xero(credentials(shared_world, patch))


@pytest.fixture
def pyxero(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    return Xero(credentials(world, monkeypatch))


def test_tenants_and_refresh(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made = credentials(world, monkeypatch)
    assert len(made.get_tenants()) == 2
    before = made.token["access_token"]
    made.refresh()
    assert made.token["access_token"] != before
    assert Xero(made).organisations.all()[0]["Name"] == "Fernhollow Studio Ltd"


@pytest.mark.parametrize(
    "name",
    [
        "accounts", "contacts", "taxrates", "trackingcategories", "items", "currencies", "invoices", "creditnotes",
        "overpayments", "prepayments", "payments", "banktransactions", "banktransfers", "manualjournals",
        "purchaseorders", "journals", "organisations",
    ],
)  # fmt: skip
def test_every_list(shared_pyxero: Any, name: str) -> None:
    assert getattr(shared_pyxero, name).all()


def test_filters_since_and_guid(pyxero: Any) -> None:
    bills = pyxero.invoices.filter(Type="ACCPAY", Status="AUTHORISED", order="Total DESC", page=1)
    assert bills
    totals = [bill["Total"] for bill in bills]
    assert totals == sorted(totals, reverse=True)
    contact = bills[0]["Contact"]["ContactID"]
    mine = pyxero.invoices.filter(Contact_ContactID=contact)
    assert {bill["Contact"]["ContactID"] for bill in mine} == {contact}
    assert pyxero.contacts.filter(Name__contains=bills[0]["Contact"]["Name"][:6])
    everything = len(pyxero.invoices.all())
    recent = pyxero.invoices.filter(since=dt.datetime(2026, 5, 1))  # noqa: DTZ001
    assert 0 < len(recent) < everything
    assert pyxero.invoices.filter(IDs=[bills[0]["InvoiceID"]])[0]["InvoiceID"] == bills[0]["InvoiceID"]
    assert pyxero.invoices.filter(raw="AmountDue > 0 AND DueDate != null", Date__gte=dt.date(2026, 1, 1))


def test_writing_xml(pyxero: Any) -> None:
    contact = pyxero.contacts.put({"Name": "Kite & Co <Leeds>", "EmailAddress": "kite@example.com"})[0]
    assert contact["Name"] == "Kite & Co <Leeds>"
    contact["FirstName"] = "Wanda"
    assert pyxero.contacts.save(contact)[0]["FirstName"] == "Wanda"
    invoice = pyxero.invoices.put(
        {
            "Type": "ACCREC",
            "Contact": {"ContactID": contact["ContactID"]},
            "Date": dt.date(2026, 6, 1),
            "DueDate": dt.date(2026, 7, 1),
            "Status": "AUTHORISED",
            "LineItems": [
                {"Description": "Work", "Quantity": "2", "UnitAmount": "50.00", "AccountCode": "200"},
                {"Description": "More", "Quantity": "1", "UnitAmount": "0.05", "AccountCode": "200"},
            ],
        }
    )[0]
    assert Decimal(str(invoice["Total"])) == Decimal("120.06")
    assert invoice["Date"] == dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    payment = pyxero.payments.put(
        {
            "Invoice": {"InvoiceID": invoice["InvoiceID"]},
            "Account": {"Code": "090"},
            "Date": dt.date(2026, 6, 2),
            "Amount": Decimal("120.06"),
        }
    )[0]
    assert payment["PaymentType"] == "ACCRECPAYMENT"
    assert pyxero.invoices.get(invoice["InvoiceNumber"])[0]["Status"] == "PAID"


def test_credit_note_allocation_and_history(pyxero: Any) -> None:
    contact = {"Name": "Plover Ltd"}
    line = [{"Description": "x", "Quantity": "1", "UnitAmount": "10.00", "AccountCode": "429", "TaxType": "NONE"}]
    common = {"Contact": contact, "Status": "AUTHORISED", "LineItems": line}
    bill = pyxero.invoices.put({**common, "Type": "ACCPAY", "DueDate": dt.date(2026, 7, 1)})[0]
    note = pyxero.creditnotes.put({**common, "Type": "ACCPAYCREDIT"})[0]
    pyxero.creditnotes.put_allocation(
        note["CreditNoteID"], {"Invoice": {"InvoiceID": bill["InvoiceID"]}, "Amount": "4.00"}
    )
    assert Decimal(str(pyxero.invoices.get(bill["InvoiceID"])[0]["AmountDue"])) == 6
    pyxero.invoices.put_history(bill["InvoiceID"], "Checked by Esme")
    notes = pyxero.invoices.get_history(bill["InvoiceID"])
    assert "Checked by Esme" in str(notes)


def test_attachments(pyxero: Any) -> None:
    bill = pyxero.invoices.filter(Type="ACCPAY", page=1)[0]
    body = bytes(range(256))
    pyxero.invoices.put_attachment(bill["InvoiceID"], "r.bin", io.BytesIO(body), "application/pdf")
    listed = pyxero.invoices.get_attachments(bill["InvoiceID"])["Attachments"]
    assert listed[-1]["FileName"] == "r.bin"
    out = io.BytesIO()
    assert pyxero.invoices.get_attachment(bill["InvoiceID"], "r.bin", out) == 256
    assert out.getvalue() == body


def test_errors_are_the_clients_own(world: World, pyxero: Any) -> None:
    with pytest.raises(XeroBadRequest, match="ValidationException"):
        pyxero.invoices.put({"Type": "ACCPAY", "Contact": {"Name": ""}})
    with pytest.raises(XeroNotFound):
        pyxero.invoices.get("no-such-number")
    world.control("POST", f"organisations/{world.tenants[0]['tenant_id']}/disconnect")
    with pytest.raises(XeroForbidden):
        pyxero.invoices.all()


def test_rate_limit_is_the_clients_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(XeroEmulatorSettings(limits=RateLimits(tenant_per_minute=2))) as world:
        client = Xero(credentials(world, monkeypatch))
        client.accounts.all()
        client.accounts.all()
        with pytest.raises(XeroRateLimitExceeded, match="minute"):
            client.accounts.all()


DAY = dt.date(2026, 6, 10)
COST = [{"Description": "x", "Quantity": "1", "UnitAmount": "10.00", "AccountCode": "429", "TaxType": "NONE"}]
WHO = {"Name": "Plover Ltd"}
BANK = {"Code": "090"}


@pytest.mark.parametrize(
    ("name", "body", "change", "wrong", "message"),
    [
        (
            "banktransactions",
            {"Type": "SPEND", "Contact": WHO, "BankAccount": BANK, "Date": DAY, "LineItems": COST},
            {"Status": "DELETED"},
            {"BankAccount": {"Code": "429"}},
            "BANK account",
        ),
        (
            "manualjournals",
            {
                "Narration": "Accrual",
                "Date": DAY,
                "Status": "POSTED",
                "JournalLines": [
                    {"AccountCode": "469", "LineAmount": "80.00"},
                    {"AccountCode": "835", "LineAmount": "-80.00"},
                ],
            },
            {"Status": "VOIDED"},
            {"Narration": ""},
            "Narration",
        ),
        (
            "banktransfers",
            {"FromBankAccount": BANK, "ToBankAccount": {"Code": "091"}, "Amount": "5.00", "Date": DAY},
            {"Status": "DELETED"},
            {"ToBankAccount": BANK},
            "must differ",
        ),
        (
            "creditnotes",
            {"Type": "ACCPAYCREDIT", "Contact": WHO, "Date": DAY, "Status": "AUTHORISED", "LineItems": COST},
            {"Status": "VOIDED"},
            {"Type": "ACCPAY"},
            "not a valid value for Type",
        ),
        (
            "purchaseorders",
            {"Contact": WHO, "Date": DAY, "LineItems": COST},
            {"Status": "DELETED"},
            {"LineItems": [{**COST[0], "AccountCode": "NOPE"}]},
            "not a valid code",
        ),
        (
            "items",
            {"Code": "OAT", "Name": "Oats", "SalesDetails": {"UnitPrice": "5.00", "AccountCode": "200"}},
            {"Name": "Rolled"},
            {"Code": "OAT"},
            "already exists",
        ),
        (
            "accounts",
            {"Code": "4291", "Name": "Snacks", "Type": "OVERHEADS"},
            {"Name": "Fruit"},
            {"Code": "429"},
            "unique Code",
        ),
    ],
)  # fmt: skip
def test_every_other_write_in_xml(
    pyxero: Any, name: str, body: dict[str, Any], change: dict[str, Any], wrong: dict[str, Any], message: str
) -> None:
    manager = getattr(pyxero, name)
    made = manager.put(body)[0]
    id_name = next(key for key in made if key.casefold() == f"{name[:-1]}id")
    [saved] = manager.save({id_name: made[id_name], **change})
    assert {key: saved[key] for key in change} == change
    with pytest.raises(XeroBadRequest) as caught:
        manager.put({**body, **wrong})
    assert message in caught.value.problem
