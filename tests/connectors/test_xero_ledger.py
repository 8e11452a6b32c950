"""Whole books of a Xero organisation: every type read over HTTP, held against each other and against the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bookbridge.accounting.invariants import Books, account_balances, book_problems
from bookbridge.accounting.statements import account_lines
from bookbridge.accounting.types.account_transactions import AccountTransaction
from bookbridge.accounting.types.accounts import AccountType
from bookbridge.accounting.types.journal_entries import JournalEntry
from bookbridge.connectors.kit.connector import Source
from bookbridge.connectors.kit.errors import NeedsRelink, NotSupported, VendorUnavailable
from bookbridge.connectors.kit.session import Access
from bookbridge.connectors.xero import statements
from bookbridge.connectors.xero.auth import OAUTH2
from bookbridge.connectors.xero.manifest import CONNECTOR
from bookbridge.connectors.xero.session import XeroSession
from tests.connectors.sandbox import Sandbox

POUNDS = {"USD": Decimal("0.77")}
"""What a dollar is worth, more or less: enough to tell a rate from its inverse."""

WITH_JOURNALS = (*OAUTH2.scopes, "accounting.journals.read")


async def records_of(access: Access, key: str, *, since: datetime | None = None) -> list[Any]:
    """All records of a data type, from all of its lists."""
    read = CONNECTOR.read(key)
    assert read is not None
    session = XeroSession(access)
    found: list[Any] = []
    for source in read.sources:
        async for page in session.pages(source, since=since, cursor=None):
            for payload in page.payloads:
                shaped = source.shape(payload, access.facts)
                found += shaped if isinstance(shaped, (list, tuple)) else [shaped] if shaped else []
    return found


async def control_account(access: Access, system_account: str) -> str:
    return next(
        one.account_id for one in await XeroSession(access)._chart.accounts() if one.system_account == system_account
    )


@pytest.fixture
async def access(sandbox: Sandbox) -> Access:
    """A believable organisation, its ledger's journals open."""
    return await sandbox.access(await sandbox.add_organisation(), scopes=WITH_JOURNALS)


async def test_the_books_hold_together(access: Access) -> None:
    found = {
        key: tuple(await records_of(access, key))
        for key in (
            "journalEntries",
            "invoices",
            "creditNotes",
            "payments",
            "bills",
            "billCreditNotes",
            "billPayments",
        )
    }
    [sheet] = await records_of(access, "balanceSheet")
    [profit] = await records_of(access, "profitAndLoss")
    capital = frozenset(
        one.account_id
        for one in await XeroSession(access)._chart.accounts()
        if one.class_ == "EQUITY" and one.system_account != "RETAINEDEARNINGS"
    )
    books = Books(
        base_currency=access.facts["base_currency"],
        journal_entries=found["journalEntries"],
        invoices=found["invoices"],
        credit_notes=found["creditNotes"],
        payments=found["payments"],
        bills=found["bills"],
        bill_credit_notes=found["billCreditNotes"],
        bill_payments=found["billPayments"],
        balance_sheet=sheet,
        profit_and_loss=profit,
        receivable_account_id=await control_account(access, "DEBTORS"),
        payable_account_id=await control_account(access, "CREDITORS"),
        capital_account_ids=capital,
        reference_rates=POUNDS,
    )
    assert all(found.values())
    assert len(sheet.reports) == len(profit.reports) == statements.MONTHS_DEFAULT
    assert {line.account_id for report in sheet.reports for line in account_lines(report.assets)} > {
        books.receivable_account_id
    }
    assert {one.currency for one in (*books.bills, *books.invoices)} >= POUNDS.keys()
    assert book_problems(books) == []
    upside_down = replace(books, reference_rates={currency: 1 / rate for currency, rate in POUNDS.items()})
    assert book_problems(upside_down)


async def test_bank_movements_come_to_the_ledgers_balances(access: Access) -> None:
    entries: list[JournalEntry] = await records_of(access, "journalEntries")
    moved: dict[str, list[AccountTransaction]] = {}
    for one in await records_of(access, "accountTransactions"):
        assert one.bank_account_ref is not None
        if not one.metadata.is_deleted:
            moved.setdefault(one.bank_account_ref.id, []).append(one)
    booked = account_balances(entries)
    base = access.facts["base_currency"]
    compared = 0
    for account_id, movements in moved.items():
        if {one.currency for one in movements} == {base}:
            assert sum(one.total_amount or 0 for one in movements) == booked[account_id]
            compared += 1
    assert compared


async def test_accounts_hold_what_the_balance_sheet_says(access: Access) -> None:
    [sheet] = await records_of(access, "balanceSheet")
    newest = sheet.reports[0]
    told = {
        line.account_id: line.value
        for part in (newest.assets, newest.liabilities, newest.equity)
        for line in account_lines(part)
        if line.account_id
    }
    base = access.facts["base_currency"]
    accounts = await records_of(access, "chartOfAccounts")
    kinds = {AccountType.ASSET, AccountType.LIABILITY, AccountType.EQUITY}
    holding = [one for one in accounts if one.type in kinds and one.currency == base]
    assert [one.name for one in holding if one.current_balance != told.get(one.id, 0)] == []
    assert sum(one.current_balance != 0 for one in holding) > 3
    assert all(one.current_balance is None for one in accounts if one not in holding)
    banks = {one.id: one.balance for one in await records_of(access, "bankAccounts")}
    assert banks == {one.id: one.current_balance for one in accounts if one.is_bank_account}


async def test_what_is_dated_ahead_is_not_held_yet(sandbox: Sandbox, access: Access) -> None:
    debtors = await control_account(access, "DEBTORS")
    before = {one.id: one.current_balance for one in await records_of(access, "chartOfAccounts")}
    held = before[debtors]
    assert held is not None
    ahead, today = (datetime.now(UTC).date() + timedelta(days=days) for days in (1, 0))
    for day in (ahead, today):
        answer = await sandbox.http.put(
            f"{sandbox.url}/api.xro/2.0/Invoices",
            headers={"xero-tenant-id": access.facts["tenant_id"], **await access.authorizer.headers()},
            json={
                "Type": "ACCREC",
                "Status": "AUTHORISED",
                "Contact": {"Name": "Ahead of Time Ltd"},
                "Date": day.isoformat(),
                "DueDate": (ahead + timedelta(days=30)).isoformat(),
                "LineItems": [{"Description": "Chairs", "Quantity": 1, "UnitAmount": 1000, "AccountCode": "200"}],
            },
        )
        assert answer.status_code == 200, answer.text
        total = Decimal(str(answer.json()["Invoices"][0]["Total"]))
        after = {one.id: one.current_balance for one in await records_of(access, "chartOfAccounts")}
        assert after[debtors] == (held if day == ahead else held + total)
    # The vendor's balance sheet is of the end of the month, and holds both by then.
    [sheet] = await records_of(access, "balanceSheet")
    told = {line.account_id: line.value for line in account_lines(sheet.reports[0].assets)}
    assert told[debtors] == held + total * (2 if ahead.month == today.month else 1)


async def test_balances_are_left_out_where_reports_may_not_be_read(sandbox: Sandbox) -> None:
    scopes = tuple(scope for scope in OAUTH2.scopes if "reports" not in scope)
    narrow = await sandbox.access(await sandbox.add_organisation(), scopes=scopes)
    accounts = await records_of(narrow, "chartOfAccounts")
    assert accounts
    assert all(one.current_balance is None for one in accounts)


async def test_movements_name_records_that_exist(access: Access) -> None:
    known = {
        key: {one.id for one in await records_of(access, key)}
        for key in ("billPayments", "payments", "directCosts", "directIncomes", "transfers")
    }
    movements = await records_of(access, "accountTransactions")
    assert len({one.id for one in movements}) == len(movements)
    for one in movements:
        for line in one.lines:
            assert line.record_ref.id in known[line.record_ref.data_type.value]


async def test_manual_journals_stand_in_where_the_ledger_is_closed(sandbox: Sandbox, access: Access) -> None:
    tenant = access.facts["tenant_id"]
    by_hand = await records_of(await sandbox.access(tenant), "journalEntries")
    assert by_hand
    whole = await records_of(access, "journalEntries")
    assert len(whole) > len(by_hand)
    assert not {one.id for one in whole} & {one.id for one in by_hand}
    assert {one.record_ref for one in by_hand} == {None}


async def test_journals_refused_to_the_app_do_not_end_the_connection(sandbox: Sandbox, access: Access) -> None:
    await sandbox.fault("server_error", match={"path": "Journals"}, status=403)
    assert {one.record_ref for one in await records_of(access, "journalEntries")} == {None}


async def test_every_place_in_the_journals_leads_to_the_rest(access: Access) -> None:
    source = _source("journalEntries")
    pages = [page async for page in XeroSession(access).pages(source, since=None, cursor=None)]
    everything = [payload.journal_number for page in pages for payload in page.payloads]
    assert everything == sorted(set(everything))
    assert len(pages) > 2
    middle = len(pages) // 2
    rest = [
        payload.journal_number
        async for page in XeroSession(access).pages(source, since=None, cursor=pages[middle].cursor)
        for payload in page.payloads
    ]
    assert [payload.journal_number for page in pages[: middle + 1] for payload in page.payloads] + rest == everything
    with pytest.raises(VendorUnavailable):
        await anext(XeroSession(access).pages(source, since=None, cursor="-1"))


async def test_only_journals_written_since_are_read(access: Access) -> None:
    now = datetime.now(UTC)
    assert await records_of(access, "journalEntries", since=now.replace(year=now.year + 1)) == []


async def test_statements_need_their_own_permission(sandbox: Sandbox) -> None:
    scopes = tuple(scope for scope in OAUTH2.scopes if "reports" not in scope)
    narrow = await sandbox.access(await sandbox.add_organisation(), scopes=scopes)
    with pytest.raises(NotSupported):
        await records_of(narrow, "balanceSheet")


async def test_a_removed_app_is_still_told_as_that(sandbox: Sandbox) -> None:
    access = await sandbox.access(await sandbox.add_organisation())
    await sandbox.fault("server_error", status=403, times=None)
    with pytest.raises(NeedsRelink):
        await records_of(access, "journalEntries")


async def test_a_statement_goes_back_to_the_month_that_was_asked_for(access: Access) -> None:
    now = datetime.now(UTC)
    since = now.replace(year=now.year - 1, day=1)
    [profit] = await records_of(access, "profitAndLoss", since=since)
    assert len(profit.reports) == 13
    assert profit.earliest_available_month == f"{since:%Y-%m}-01T00:00:00"


@pytest.mark.parametrize("last", [(2026, month) for month in range(1, 13)])
def test_months_are_asked_for_once_each_and_never_from_a_short_month(last: statements.Month) -> None:
    asked = list(statements.spans(statements.earlier(last, 23), last))
    months = [statements.earlier(end, back) for end, count in asked for back in range(count)]
    assert months == [statements.earlier(last, back) for back in range(24)]
    assert all(count == 1 or statements.days_of(end) == 31 for end, count in asked)
    assert len(asked) <= 4


def _source(key: str) -> Source[Any, Any]:
    read = CONNECTOR.read(key)
    assert read is not None
    return read.sources[0]
