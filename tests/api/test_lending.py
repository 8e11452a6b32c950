"""Statements, reports, bank transactions and PDFs over HTTP, and the official lending library over all of it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import codat_lending
import msgspec
import pytest
from codat_lending.models import shared as lending_shared

from bookbridge.accounting import catalog
from bookbridge.accounting.records import Record
from bookbridge.accounting.references import CustomerRef
from bookbridge.accounting.reports import aged
from bookbridge.accounting.types.bank_accounts import BankAccount, BankAccountStatus, BankAccountType
from bookbridge.accounting.types.bank_transactions import BankTransaction
from bookbridge.accounting.types.invoices import Invoice, InvoiceLineItem, InvoiceStatus
from bookbridge.api.drawing import LINES_PER_PAGE, plain_pdf
from bookbridge.api.pdf import lines_of
from bookbridge.store import records
from bookbridge.store.records import RecordBatch
from bookbridge.sync.datasets import Status
from tests.api.conftest import Api, assert_error
from tests.api.test_records import read
from tests.api.test_sdks import TIMEOUT_MS, in_thread
from tests.api.test_with_vendor import api as with_vendor
from tests.api.test_with_vendor import authorised, emulator_url, read_everything, sandbox, vendor_http
from tests.connectors.sandbox import Sandbox

__all__ = ["emulator_url", "sandbox", "vendor_http", "with_vendor"]

NOW = datetime(2026, 6, 30, tzinfo=UTC)


def lending(api: Api) -> codat_lending.CodatLending:
    security = lending_shared.Security(auth_header=api.authorization)
    return codat_lending.CodatLending(server_url=api.url, security=security, timeout_ms=TIMEOUT_MS)


async def store(api: Api, company: str, connection: str, key: str, *given: Record) -> None:
    """Records as if a read had brought them."""
    data_type = catalog.by_key(key)
    async with api.pool.acquire() as db, db.transaction():
        batch = RecordBatch(UUID(company), UUID(connection), key, key, NOW)
        for record in given:
            batch.add(data_type.record_id(record), data_type.encode(record), b"{}", NOW, False)
        await records.save(db, batch)
    await read(api, company, connection, key, Status.COMPLETE)


def bank_account(account_id: str) -> BankAccount:
    return BankAccount(
        id=account_id,
        account_name=f"Account {account_id}",
        account_type=BankAccountType.DEBIT,
        currency="GBP",
        status=BankAccountStatus.ACTIVE,
    )


async def test_bank_transactions_are_read_under_their_account(api: Api) -> None:
    company = await api.company()
    connection = await api.linked(company)
    base = f"/companies/{company}/connections/{connection}/data"
    moved = [
        BankTransaction(id=f"t-{number}", account_id=f"a-{number % 2}", amount=Decimal(number)) for number in range(10)
    ]
    await store(api, company, connection, "bankAccounts", bank_account("a-0"), bank_account("a-1"))
    await store(api, company, connection, "bankTransactions", *moved)
    path = f"{base}/bankAccounts/a-1/bankTransactions"
    body = (await api.http.get(f"{path}?pageSize=3&orderBy=-amount")).json()
    assert [row["id"] for row in body["results"]] == ["t-9", "t-7", "t-5"]
    assert body["totalResults"] == 5
    assert body["_links"]["next"]["href"].startswith(f"{path}?page=2")
    asked = (await api.http.get(path, params={"query": "amount>3||amount=1"})).json()
    assert {row["id"] for row in asked["results"]} == {"t-1", "t-5", "t-7", "t-9"}
    # Nothing that a query can say leads out of the account.
    assert_error(await api.http.get(path, params={"query": "amount=1} || {amount=2"}), 400)
    assert_error(await api.http.get(f"{base}/bankAccounts/a-9/bankTransactions"), 404)
    assert_error(await api.http.get(f"{base}/bankTransactions"), 404)
    assert_error(await api.http.get(f"{base}/bankTransactions/t-1"), 404)
    assert_error(await api.http.get(f"/companies/{company}/data/bankTransactions"), 404)


@pytest.mark.parametrize(
    "path", ["bankAccounts", "directCosts", "directIncomes", "transfers", "accountTransactions", "bankAccounts/a-0"]
)
async def test_what_belongs_to_a_connection_is_read_under_it_only(api: Api, path: str) -> None:
    company = await api.company()
    await api.linked(company)
    error = assert_error(await api.http.get(f"/companies/{company}/data/{path}"), 404)
    assert "under a connection" in error["error"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?periodLength=1",
        "?periodsToCompare=1",
        "?periodLength=0&periodsToCompare=1",
        "?periodLength=13&periodsToCompare=1",
        "?periodLength=1&periodsToCompare=x",
        "?periodLength=1&periodsToCompare=1&startMonth=May",
    ],
)
async def test_periods_are_required_and_bounded(api: Api, query: str) -> None:
    company = await api.company()
    for name in ("balanceSheet", "profitAndLoss", "cashFlowStatement"):
        assert_error(await api.http.get(f"/companies/{company}/data/financials/{name}{query}"), 400)


async def test_statements_that_are_not_there(api: Api) -> None:
    company = await api.company()
    await api.linked(company)
    base = f"/companies/{company}/data/financials"
    asked = "periodLength=1&periodsToCompare=1"
    assert_error(await api.http.get(f"{base}/balanceSheet?{asked}"), 409)
    assert_error(await api.http.get(f"{base}/cashFlowStatement?{asked}"), 404)
    assert_error(await api.http.get(f"{base}/other?{asked}"), 404)
    strange = base.replace(company, "00000000-0000-0000-0000-000000000000")
    assert_error(await api.http.get(f"{strange}/balanceSheet?{asked}"), 404)


@pytest.mark.parametrize(
    "query", ["reportDate=May", "reportDate=0001-01-01", "numberOfPeriods=0", "periodLengthDays=x"]
)
async def test_reports_are_bounded(api: Api, query: str) -> None:
    company = await api.company()
    assert_error(await api.http.get(f"/companies/{company}/reports/agedDebtor?{query}"), 400)
    assert_error(await api.http.get(f"/companies/{company}/reports/agedCreditor?{query}"), 400)


async def test_reports_need_what_they_are_drawn_up_from(api: Api) -> None:
    company = await api.company()
    await api.linked(company)
    for name in ("agedDebtor", "agedCreditor"):
        assert (await api.http.get(f"/companies/{company}/reports/{name}/available")).json() is False
        assert_error(await api.http.get(f"/companies/{company}/reports/{name}"), 409)
        assert_error(await api.http.get(f"/companies/x/reports/{name}/available"), 404)


def drawn_invoice() -> Invoice:
    return Invoice(
        id="i-1",
        invoice_number="INV (1)",
        customer_ref=CustomerRef(id="c-1", company_name="Café \\ Zoë 東京"),
        issue_date="2026-01-05T00:00:00",
        currency="GBP",
        status=InvoiceStatus.SUBMITTED,
        sub_total=Decimal(100),
        total_tax_amount=Decimal(20),
        total_amount=Decimal(120),
        amount_due=Decimal(120),
        line_items=(
            InvoiceLineItem(
                description="Beans", quantity=Decimal(1), unit_amount=Decimal(100), total_amount=Decimal(120)
            ),
        ),
    )


def test_an_invoice_is_drawn_with_what_matters_on_it() -> None:
    content = plain_pdf(lines_of(drawn_invoice()))
    assert content.startswith(b"%PDF-")
    assert content.endswith(b"%%EOF\n")
    assert rb"(Invoice INV \(1\)) Tj" in content
    assert "Café \\\\ Zoë ??".encode("cp1252") in content
    assert b"120" in content
    # Every object stands where the table says.
    start = int(content.split(b"startxref\n")[1].split(b"\n")[0])
    assert content[start:].startswith(b"xref\n")
    offsets = [int(line[:10]) for line in content[start:].split(b"\n") if line.endswith(b" n ")]
    for number, offset in enumerate(offsets, 1):
        assert content[offset:].startswith(b"%d 0 obj" % number)


def test_a_long_drawing_has_pages() -> None:
    assert plain_pdf(["line"] * (LINES_PER_PAGE * 2 + 1)).count(b"/Type /Page ") == 3
    assert plain_pdf([]).count(b"/Type /Page ") == 1


async def test_lending_library(with_vendor: Api, sandbox: Sandbox) -> None:
    """Every accounting call of the library that the platform can serve, unchanged, over a whole organisation."""
    api = with_vendor
    company, connection = await authorised(api, sandbox)
    await read_everything(api, company)
    here = {"company_id": company}
    there = {**here, "connection_id": connection}
    periods = {"period_length": 3, "periods_to_compare": 4}

    def calls() -> dict[str, Any]:
        with lending(api) as sdk:
            payable, receivable = sdk.accounts_payable, sdk.accounts_receivable
            invoices = receivable.invoices.list(request={**here, "query": "status=Paid", "page_size": 5})
            one = {**here, "invoice_id": invoices.results[0].id}
            accounts = sdk.accounting_bank_data.accounts.list(request=there)
            return {
                "invoices": invoices,
                "invoice": receivable.invoices.get(request=one),
                "pdf": receivable.invoices.download_pdf(request=one),
                "attachments": receivable.invoices.list_attachments(
                    request={**one, "connection_id": connection},
                ),
                "creditNotes": receivable.credit_notes.list(request=here),
                "payments": receivable.payments.list(request=here),
                "directIncomes": receivable.direct_incomes.list(request=there),
                "customers": receivable.customers.list(request=here),
                "bills": payable.bills.list(request=here),
                "billCreditNotes": payable.bill_credit_notes.list(request=here),
                "billPayments": payable.bill_payments.list(request=here),
                "suppliers": payable.suppliers.list(request=here),
                "accounts": accounts,
                "account": sdk.accounting_bank_data.accounts.get(
                    request={**there, "account_id": accounts.results[0].id}
                ),
                "directCosts": sdk.transactions.direct_costs.list(request=there),
                "transfers": sdk.transactions.transfers.list(request=there),
                "journalEntries": sdk.transactions.journal_entries.list(request=here),
                "accountTransactions": sdk.transactions.account_transactions.list(request=there),
                "balanceSheet": sdk.financial_statements.balance_sheet.get(request={**here, **periods}),
                "profitAndLoss": sdk.financial_statements.profit_and_loss.get(request={**here, **periods}),
                "chart": sdk.financial_statements.accounts.list(request=here),
                "debtors": receivable.reports.get_aged_debtors(request=here),
                "debtorsAvailable": receivable.reports.is_aged_debtors_available(request=here),
                "creditors": receivable.reports.get_aged_creditors(request=here),
                "creditorsAvailable": receivable.reports.is_aged_creditors_available(request=here),
            }

    shown = await in_thread(calls)
    lists = {key: value for key, value in shown.items() if hasattr(value, "total_results")}
    assert {key for key, value in lists.items() if not value.total_results} == set()
    assert shown["invoice"].id == shown["invoices"].results[0].id
    assert len(shown["balanceSheet"].reports) == len(shown["profitAndLoss"].reports) == 4
    assert shown["debtorsAvailable"] is True
    assert shown["creditorsAvailable"] is True
    assert shown["debtors"].data
    assert shown["creditors"].data
    base = f"/companies/{company}/connections/{connection}/data"
    for name in ("directCosts", "directIncomes", "customers", "suppliers"):
        answer = await api.http.get(f"{base}/{name}/{shown[name].results[0].id}/attachments")
        assert answer.status_code == 200, answer.text
        assert "attachments" in answer.json()


async def test_reports_come_to_what_is_due(with_vendor: Api, sandbox: Sandbox) -> None:
    api = with_vendor
    company, _ = await authorised(api, sandbox)
    await read_everything(api, company)
    for name, documents, notes, shape in (
        ("agedDebtor", "invoices", "creditNotes", aged.AgedDebtorReport),
        ("agedCreditor", "bills", "billCreditNotes", aged.AgedCreditorReport),
    ):
        due: dict[str, Decimal] = {}
        for path, field, sign in ((documents, "amountDue", 1), (notes, "remainingCredit", -1)):
            for row in await everything(api, f"/companies/{company}/data/{path}"):
                if row["status"] not in ("Draft", "Void"):
                    due[row["currency"]] = due.get(row["currency"], Decimal(0)) + sign * Decimal(str(row[field]))
        report = decoded((await api.http.get(f"/companies/{company}/reports/{name}")).content, shape)
        assert aged.check(report) == []
        told: dict[str, Decimal] = {}
        for contact in report.data:
            for outstanding in contact.aged_currency_outstanding:
                amounts = [one.amount or Decimal(0) for one in outstanding.aged_outstanding_amounts]
                currency = outstanding.currency or ""
                told[currency] = told.get(currency, Decimal(0)) + sum(amounts)
        assert told == {currency: amount for currency, amount in due.items() if currency in told}
        assert told


async def everything(api: Api, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await api.http.get(f"{path}?pageSize=5000")).json()["results"]
    return found


def decoded(body: bytes, shape: Any) -> Any:
    return msgspec.json.decode(body, type=shape)


async def test_the_pdf_is_the_vendors_own_where_it_prints(with_vendor: Api, sandbox: Sandbox) -> None:
    api = with_vendor
    company, _ = await authorised(api, sandbox)
    await read_everything(api, company)
    [first] = (await api.http.get(f"/companies/{company}/data/invoices?pageSize=1&query=status=Paid")).json()["results"]
    answer = await api.http.get(f"/companies/{company}/data/invoices/{first['id']}/pdf")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content.startswith(b"%PDF-")
    assert b"/Helvetica" in answer.content, "drawn by the emulator, not by us"
    assert_error(await api.http.get(f"/companies/{company}/data/invoices/unknown/pdf"), 404)
