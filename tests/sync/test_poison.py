"""What nobody foresaw: a fault of ours or a vendor's words that cannot be stored must end, and hold nobody up."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import asyncpg
import msgspec
import pytest

from bookbridge.companies.connections import Status as ConnectionStatus
from bookbridge.connectors.kit.errors import NeedsRelink, Rejected
from bookbridge.connectors.xero.session import XeroSession
from bookbridge.sync.datasets import Status
from bookbridge.sync.patience import OUR_ATTEMPTS_MAX
from bookbridge.sync.runner import OUR_FAULT
from tests.sync.conftest import Desk, Veil


def break_bills(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    pages = XeroSession.pages

    def broken(self: XeroSession, source: Any, **more: Any) -> Any:
        if source.path == "Invoices":
            raise error
        return pages(self, source, **more)

    monkeypatch.setattr(XeroSession, "pages", broken)


@pytest.mark.parametrize("error", [RuntimeError("a fault"), TimeoutError("a call took too long")])
async def test_a_fault_of_ours_is_tried_again_a_bounded_number_of_times(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    bills, items = [*await desk.queue("bills"), *await desk.queue("items")]
    break_bills(monkeypatch, error)
    for _ in range(OUR_ATTEMPTS_MAX):
        await desk.run()
    ended = await desk.dataset(bills)
    assert (ended.status, ended.is_errored) == (Status.INTERNAL_ERROR, True)
    assert ended.error_message == OUR_FAULT, "and not the exception's own words"
    await desk.work()
    assert (await desk.dataset(items)).status == Status.COMPLETE, "the others go on"


async def test_a_database_that_is_away_costs_no_attempt(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    (bills,) = await desk.queue("bills")
    break_bills(monkeypatch, asyncpg.CannotConnectNowError("the database system is starting up"))
    with pytest.raises(asyncpg.CannotConnectNowError):
        await desk.run()
    assert (await desk.dataset(bills)).attempts == 0


async def test_a_vendors_words_with_a_nul_character_end_a_read_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bills,) = await desk.queue("bills")
    break_bills(monkeypatch, Rejected("No\x00thing"))
    assert await desk.run() is None
    ended = await desk.dataset(bills)
    assert (ended.status, ended.error_message) == (Status.FETCH_ERROR, "Nothing")


async def test_a_vendors_words_with_a_nul_character_end_a_link_all_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.queue("bills")
    break_bills(monkeypatch, NeedsRelink("Go\x00ne"))
    assert await desk.run() is None
    assert (await desk.current()).status is ConnectionStatus.DEAUTHORIZED


async def test_an_id_with_a_nul_character_is_kept_and_found_fault_with(desk: Desk, veil: Veil) -> None:
    """PostgreSQL keeps no such character, neither in a record nor in a finding about it."""
    veil.alter = lambda payload: msgspec.structs.replace(
        payload, invoice_id=f"{payload.invoice_id}\x00", total=Decimal(1)
    )
    ended = await desk.read("bills")
    assert ended.records_written > 0
    assert await desk.pool.fetchval("select count(*) from validation_findings") > 0
