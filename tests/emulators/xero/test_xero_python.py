"""The vendor's own SDK, unchanged, drives the emulator."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from xero_python.accounting import AccountingApi
from xero_python.accounting import models as m
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token, TokenApi
from xero_python.exceptions import AccountingBadRequestException
from xero_python.identity import IdentityApi

from tests.emulators.xero.world import CLIENT_ID, CLIENT_SECRET, SCOPES, Api, World


def client(world: World, token: dict[str, Any]) -> tuple[ApiClient, AccountingApi]:
    kept = dict(token)
    oauth = OAuth2Token(client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    api_client = ApiClient(Configuration(oauth2_token=oauth), pool_threads=1)
    api_client.oauth2_token_getter(lambda: kept)
    api_client.oauth2_token_saver(lambda new: kept.update(new))
    return api_client, AccountingApi(api_client, base_url=f"{world.base_url}/api.xro/2.0")


@pytest.fixture(scope="module")
def sdk(reader: Api) -> AccountingApi:
    return client(reader.world, reader.token)[1]


def test_refresh_connections_and_revocation(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TokenApi, "refresh_token_url", f"{world.base_url}/connect/token")
    monkeypatch.setattr(TokenApi, "revoke_token_url", f"{world.base_url}/connect/revocation")
    token = world.sign_in(pick=2)
    api_client, _ = client(world, token)
    tokens = TokenApi(api_client, CLIENT_ID, CLIENT_SECRET)
    renewed = tokens.refresh_token(token["refresh_token"], SCOPES.split())
    assert renewed["access_token"] != token["access_token"]

    api_client, _ = client(world, renewed)
    identity = IdentityApi(api_client, base_url=world.base_url)
    connections = identity.get_connections()
    assert len(connections) == 2
    assert {connection.tenant_type for connection in connections} == {"ORGANISATION"}
    identity.delete_connection(connections[0].id)
    assert len(identity.get_connections()) == 1

    assert tokens.revoke_token(renewed["refresh_token"]) == 200
    with pytest.raises(Exception, match="invalid_grant"):
        tokens.refresh_token(renewed["refresh_token"], SCOPES.split())


@pytest.mark.parametrize(
    ("method", "attribute"),
    [
        ("get_organisations", "organisations"),
        ("get_accounts", "accounts"),
        ("get_contacts", "contacts"),
        ("get_tax_rates", "tax_rates"),
        ("get_tracking_categories", "tracking_categories"),
        ("get_items", "items"),
        ("get_currencies", "currencies"),
        ("get_branding_themes", "branding_themes"),
        ("get_users", "users"),
        ("get_invoices", "invoices"),
        ("get_credit_notes", "credit_notes"),
        ("get_overpayments", "overpayments"),
        ("get_prepayments", "prepayments"),
        ("get_payments", "payments"),
        ("get_batch_payments", "batch_payments"),
        ("get_bank_transactions", "bank_transactions"),
        ("get_bank_transfers", "bank_transfers"),
        ("get_manual_journals", "manual_journals"),
        ("get_purchase_orders", "purchase_orders"),
        ("get_journals", "journals"),
    ],
)
def test_every_list_parses(sdk: AccountingApi, reader: Api, method: str, attribute: str) -> None:
    found = getattr(getattr(sdk, method)(reader.tenant), attribute)
    assert found


@pytest.mark.parametrize(
    ("method", "attribute"),
    [
        ("get_contacts", "contacts"),
        ("get_invoices", "invoices"),
        ("get_credit_notes", "credit_notes"),
        ("get_bank_transactions", "bank_transactions"),
        ("get_payments", "payments"),
        ("get_manual_journals", "manual_journals"),
        ("get_purchase_orders", "purchase_orders"),
        ("get_overpayments", "overpayments"),
        ("get_prepayments", "prepayments"),
    ],
)
def test_every_paged_list_walks_to_its_end(sdk: AccountingApi, reader: Api, method: str, attribute: str) -> None:
    seen = 0
    page = 1
    while True:
        answer = getattr(sdk, method)(reader.tenant, page=page, page_size=50)
        found = getattr(answer, attribute)
        seen += len(found)
        assert answer.pagination.item_count >= seen
        if len(found) < 50:
            break
        page += 1
    assert seen == answer.pagination.item_count


def test_filters(sdk: AccountingApi, reader: Api) -> None:
    bills = sdk.get_invoices(
        reader.tenant,
        where='Type=="ACCPAY" AND Status!="DELETED"',
        order="Date DESC",
        page=1,
        if_modified_since=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
    ).invoices
    assert bills
    assert all(bill.type == "ACCPAY" for bill in bills)
    dates = [bill.date for bill in bills]
    assert dates == sorted(dates, reverse=True)
    wanted = bills[0].invoice_id
    assert [b.invoice_id for b in sdk.get_invoices(reader.tenant, i_ds=[wanted]).invoices] == [wanted]


def test_reports(sdk: AccountingApi, reader: Api) -> None:
    trial = sdk.get_report_trial_balance(reader.tenant, date=dt.date(2026, 6, 30)).reports[0]
    total = trial.rows[-1].rows[0].cells
    assert total[1].value == total[2].value
    assert total[3].value == total[4].value != "0.00"
    ids = {cell.attributes[0].value for row in trial.rows[1:-1] for part in row.rows for cell in part.cells[:1]}
    assert ids <= {account.account_id for account in reader.book.accounts}
    banks = sdk.get_report_bank_summary(reader.tenant, to_date=dt.date(2026, 6, 30)).reports[0]
    rows = banks.rows[1].rows
    assert rows[0].cells[0].value == "Business Current Account"
    for row in rows:
        opening, received, spent, closing = (Decimal(cell.value) for cell in row.cells[1:])
        assert opening + received - spent == closing


def test_writing(world: World) -> None:
    api = world.session()
    _, sdk = client(world, api.token)
    contact = sdk.create_contacts(
        api.tenant, m.Contacts(contacts=[m.Contact(name="Wren & Sons", email_address="w@example.com")])
    ).contacts[0]
    bill = sdk.create_invoices(
        api.tenant,
        m.Invoices(
            invoices=[
                m.Invoice(
                    type="ACCPAY",
                    contact=m.Contact(contact_id=contact.contact_id),
                    date=dt.date(2026, 6, 1),
                    due_date=dt.date(2026, 7, 1),
                    line_amount_types=m.LineAmountTypes.EXCLUSIVE,
                    status="AUTHORISED",
                    invoice_number="WREN-1",
                    line_items=[
                        m.LineItem(
                            description="Nails", quantity=3, unit_amount=33.335, account_code="429", tax_type="INPUT2"
                        )
                    ],
                )
            ]
        ),
        unitdp=4,
    ).invoices[0]
    assert (bill.sub_total, bill.total_tax, bill.total) == (Decimal("100.01"), Decimal("20"), Decimal("120.01"))
    bank = api.book.accounts.by_number("090")
    assert bank is not None
    payment = sdk.create_payment(
        api.tenant,
        m.Payment(
            invoice=m.Invoice(invoice_id=bill.invoice_id),
            account=m.Account(account_id=bank.account_id),
            date=dt.date(2026, 6, 10),
            amount=20.01,
        ),
    ).payments[0]
    assert payment.payment_type == "ACCPAYPAYMENT"
    again = sdk.get_invoice(api.tenant, bill.invoice_id).invoices[0]
    assert (again.amount_due, again.amount_paid) == (Decimal("100.0"), Decimal("20.01"))
    sdk.delete_payment(api.tenant, payment.payment_id, m.PaymentDelete(status="DELETED"))
    assert sdk.get_invoice(api.tenant, bill.invoice_id).invoices[0].amount_due == Decimal("120.01")
    uploaded = sdk.create_invoice_attachment_by_file_name(
        api.tenant, bill.invoice_id, "scan.png", body=b"\x89PNG bytes", include_online=True
    ).attachments[0]
    assert uploaded.content_length == 10
    listed = sdk.get_invoice_attachments(api.tenant, bill.invoice_id).attachments
    assert [entry.file_name for entry in listed] == ["scan.png"]


def test_a_validation_error_is_the_sdks_own(world: World) -> None:
    api = world.session()
    _, sdk = client(world, api.token)
    name = next(iter(api.book.contacts)).name
    with pytest.raises(AccountingBadRequestException) as caught:
        sdk.create_contacts(api.tenant, m.Contacts(contacts=[m.Contact(name=name)]))
    assert caught.value.error_data["ErrorNumber"] == 10 or "already assigned" in str(caught.value.error_data)
