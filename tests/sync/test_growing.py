"""A book that grows while it is read: midnight passes between two pages, and nothing is lost, doubled or left open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest

from bookbridge import app
from bookbridge.accounting import catalog
from bookbridge.accounting.invariants import Books, book_problems
from bookbridge.companies import clients, companies, connections, lifecycle, vault
from bookbridge.connectors.sandbox import payloads
from bookbridge.connectors.sandbox.read import READS
from bookbridge.connectors.sandbox.session import SandboxSession
from bookbridge.emulators.sandbox import chart
from bookbridge.emulators.sandbox.story import SATURDAY
from bookbridge.emulators.sandboxes import SANDBOX_SECRET
from bookbridge.push.settled import Settlements
from bookbridge.settings import Settings, VendorSettings
from bookbridge.store.records import undated
from bookbridge.sync.datasets import Status
from bookbridge.sync.states import Completeness
from tests.connectors.conftest import emulator_url, sandbox, vendor_http  # noqa: F401 - fixtures
from tests.connectors.own_ledger import OwnLedger, serving
from tests.connectors.sandbox import Sandbox
from tests.sync.conftest import Desk

LISTS = [data_type.key for data_type in catalog.DATA_TYPES if not data_type.single]
BEFORE_MIDNIGHT = timedelta(seconds=10)


def tonight() -> datetime:
    """The next midnight before a working day. The ledger's clock runs ahead of ours: what it stamps is never old."""
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return day


@pytest.fixture
async def ledger() -> AsyncIterator[OwnLedger]:
    async with serving() as running:
        running.now = tonight() - BEFORE_MIDNIGHT
        yield running


@pytest.fixture
async def desk(
    dsn: str,
    pool: asyncpg.Pool,
    vendor_http: httpx2.AsyncClient,  # noqa: F811
    sandbox: Sandbox,  # noqa: F811
    ledger: OwnLedger,
    tmp_path: Path,
) -> AsyncIterator[Desk]:
    """A company linked to a book of our own ledger."""
    opened = vault.open_vault(tmp_path)
    await clients.ensure_client(pool, opened)
    registration = VendorSettings(
        client_id="client",
        client_secret=SANDBOX_SECRET,
        endpoints={"api": ledger.url},
        options={"calls_per_60_s": "0", "seed": "growing"},
    )
    settings = Settings(data_dir=tmp_path, vendors={"mqjo": registration}, emulators=False)
    rooms = app.compose(settings, pool, vendor_http, opened, Settlements(dsn, pool))
    async with pool.acquire() as db, db.transaction():
        company = await companies.create(db, rooms.views, name="Larkfield")
        pending = await lifecycle.created(db, rooms.views, company.id, "mqjo")
    await rooms.link.supplied.authorise(company.id, pending.id, {})
    async with pool.acquire() as db:
        linked = await connections.get(db, company.id, pending.id)
    yield Desk(rooms, sandbox, "", company, linked)
    await rooms.tokens.aclose()


class Midnight:
    """Moves the ledger's clock once so many pages have been read."""

    def __init__(self, ledger: OwnLedger, monkeypatch: pytest.MonkeyPatch) -> None:
        self._left: int | None = None
        listed = SandboxSession._list

        async def counted(session: SandboxSession, source: Any, params: dict[str, str]) -> payloads.Listing:
            found = await listed(session, source, params)
            if self._left is not None:
                self._left -= 1
                if self._left == 0:
                    ledger.now += 2 * BEFORE_MIDNIGHT
            return found

        monkeypatch.setattr(SandboxSession, "_list", counted)

    @property
    def has_struck(self) -> bool:
        return self._left is not None and self._left <= 0

    def strikes_after(self, pages: int) -> None:
        self._left = pages


@pytest.fixture
def midnight(ledger: OwnLedger, monkeypatch: pytest.MonkeyPatch) -> Midnight:
    return Midnight(ledger, monkeypatch)


async def held(desk: Desk, data_type: str) -> tuple[Any, ...]:
    """The stored records that exist, typed."""
    row = catalog.by_key(data_type)
    bodies = await desk.pool.fetch("select body from records where data_type = $1 and not is_deleted", data_type)
    return tuple(row.decode(body["body"]) for body in bodies)


async def books(desk: Desk) -> Books:
    accounts = {one.nominal_code: one.id for one in await held(desk, "chartOfAccounts")}
    return Books(
        base_currency="GBP",
        journal_entries=await held(desk, "journalEntries"),
        invoices=await held(desk, "invoices"),
        credit_notes=await held(desk, "creditNotes"),
        payments=await held(desk, "payments"),
        bills=await held(desk, "bills"),
        bill_credit_notes=await held(desk, "billCreditNotes"),
        bill_payments=await held(desk, "billPayments"),
        balance_sheet=(await held(desk, "balanceSheet"))[0],
        profit_and_loss=(await held(desk, "profitAndLoss"))[0],
        receivable_account_id=accounts[chart.RECEIVABLE],
        payable_account_id=accounts[chart.PAYABLE],
        capital_account_ids=frozenset({accounts[chart.SHARE_CAPITAL]}),
    )


async def listed(desk: Desk, data_type: str) -> dict[str, bytes]:
    """What the ledger has of a type now, as we would keep it."""
    row = catalog.by_key(data_type)
    (source,) = next(read for read in READS if read.data_type is row).sources
    found: dict[str, bytes] = {}
    async with desk.rooms.sessions.open(desk.connection) as session:
        async for page in session.pages(source, since=None, cursor=None):
            found |= {payload.id: row.encode(source.shape(payload, {})) for payload in page.payloads}
    return found


async def kept(desk: Desk, data_type: str) -> dict[str, bytes]:
    """What is stored of a type."""
    rows = await desk.pool.fetch("select record_id, body from records where data_type = $1", data_type)
    return {row["record_id"]: undated(row["body"]).encode() for row in rows}


async def written(desk: Desk) -> int:
    """Read everything once more; how many records that wrote."""
    queued = await desk.queue()
    await desk.work()
    return sum([(await desk.dataset(one)).records_written for one in queued])


@pytest.mark.parametrize("pages", [2, 17, 31])
async def test_midnight_between_two_pages(desk: Desk, midnight: Midnight, pages: int) -> None:
    queued = await desk.queue()
    midnight.strikes_after(pages)
    await desk.work()
    assert midnight.has_struck
    await written(desk)
    for one in queued:
        ended = await desk.dataset(one)
        assert (ended.status, ended.error_message) == (Status.COMPLETE, None), one.data_type
        assert (await desk.state(one.data_type)).completeness is Completeness.COMPLETE, one.data_type
    for key in LISTS:
        assert await kept(desk, key) == await listed(desk, key), key
    assert book_problems(await books(desk)) == []


async def test_a_week_later_only_what_changed_is_written(desk: Desk, ledger: OwnLedger) -> None:
    await desk.queue()
    await desk.work()
    stored = await desk.pool.fetchval("select count(*) from records")
    assert await written(desk) == 0
    ledger.now += timedelta(days=7)
    assert 0 < await written(desk) < stored / 10
    assert await written(desk) == 0
    for key in LISTS:
        assert await kept(desk, key) == await listed(desk, key), key
    assert book_problems(await books(desk)) == []
