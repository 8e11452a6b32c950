"""The Sandbox connector over HTTP: every list read to its end, every write of the samples taken, nothing sent twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from bookbridge.accounting.catalog import by_key
from bookbridge.accounting.records import ListedRecord, Record
from bookbridge.connectors.kit.connector import Operation, Read, Write
from bookbridge.connectors.kit.errors import NeedsRelink, RecordNotFound, Rejected, VendorUnavailable
from bookbridge.connectors.kit.session import File, Intent
from bookbridge.connectors.kit.streams import whole
from bookbridge.connectors.sandbox.manifest import CONNECTOR
from bookbridge.connectors.sandbox.session import SandboxSession
from tests.connectors.golden import WriteSample
from tests.connectors.own_ledger import OwnLedger, serving

READS = CONNECTOR.reads
SETTLED = {"billPayments", "payments"}
"""Their samples settle documents that are paid by now; they have a test of their own."""

CREATES = [row for row in CONNECTOR.writes if row.operation is Operation.CREATE and row.data_type.key not in SETTLED]
OTHERS = [row for row in CONNECTOR.writes if row.operation is not Operation.CREATE and row.data_type.key not in SETTLED]


@pytest.fixture
async def ledger() -> AsyncIterator[OwnLedger]:
    async with serving() as running:
        yield running


@pytest.fixture
async def session(ledger: OwnLedger, vendor_http: httpx2.AsyncClient) -> SandboxSession:
    return await ledger.session(vendor_http)


def intent() -> Intent:
    return Intent(str(uuid4()), datetime.now(UTC))


def sample(key: str, operation: Operation = Operation.CREATE) -> tuple[Write[Any], Record]:
    """A write and the record of its sample."""
    write = CONNECTOR.write(key, operation)
    assert write is not None
    return write, WriteSample(CONNECTOR, write).records()[0]


async def records(
    session: SandboxSession, key: str, since: datetime | None = None, cursor: str | None = None
) -> dict[str, Any]:
    read = CONNECTOR.read(key)
    assert read is not None
    (source,) = read.sources
    found = {}
    async for page in session.pages(source, since=since, cursor=cursor):
        for payload in page.payloads:
            found[payload.id] = source.shape(payload, {})
    return found


@pytest.mark.parametrize("read", READS, ids=lambda read: read.data_type.key)
async def test_every_list_is_read_and_counted(session: SandboxSession, read: Read[Any]) -> None:
    found = await records(session, read.data_type.key)
    assert found
    (source,) = read.sources
    assert await session.count(source) == (None if read.data_type.single else len(found))
    for record_id, record in found.items():
        assert read.data_type.check(record) == []
        if isinstance(record, ListedRecord):
            assert record.id == record_id
            assert record.source_modified_date is not None


async def test_each_cursor_continues(session: SandboxSession) -> None:
    (source,) = next(read for read in READS if read.data_type.key == "journalEntries").sources
    pages = [page async for page in session.pages(source, since=None, cursor=None)]
    assert len(pages) > 2
    for position, page in enumerate(pages[:-1]):
        rest = [one async for one in session.pages(source, since=None, cursor=page.cursor)]
        assert rest == pages[position + 1 :]


async def test_growing_shows_as_changes(ledger: OwnLedger, session: SandboxSession) -> None:
    before = await records(session, "invoices")
    seen = ledger.now
    ledger.now += timedelta(days=10)
    changed = await records(session, "invoices", since=seen)
    assert changed
    assert await records(session, "invoices") == {**before, **changed}
    assert len(changed) < len(before)


@pytest.mark.parametrize("write", CREATES, ids=lambda write: write.data_type.key)
async def test_every_record_of_the_samples_is_created_once(session: SandboxSession, write: Write[Any]) -> None:
    key = write.data_type.key
    record = WriteSample(CONNECTOR, write).records()[0]
    before = await records(session, key)
    meant = intent()
    assert await session.find(write, record, meant) is None
    written = await session.write(write, record, meant)
    assert await session.write(write, record, meant) == written
    assert await session.find(write, record, meant) == written
    after = await records(session, key)
    assert set(after) - set(before) >= {written.record_id}
    reread = next(one for one in written.rereads if one.data_type == key and one.record.id == written.record_id)  # type: ignore[attr-defined]
    assert reread.record == after[written.record_id]
    assert by_key(key).check(after[written.record_id]) == []


@pytest.mark.parametrize("write", OTHERS, ids=lambda write: f"{write.data_type.key}-{write.operation.value}")
async def test_records_are_changed_and_deleted(session: SandboxSession, write: Write[Any]) -> None:
    key = write.data_type.key
    made = await session.write(*sample(key), intent())
    record = None if write.operation is Operation.DELETE else sample(key, write.operation)[1]
    written = await session.write(write, record, intent(), record_id=made.record_id)
    assert written.record_id == made.record_id
    after = (await records(session, key))[made.record_id]
    assert after.metadata.is_deleted is (write.operation is Operation.DELETE)


@pytest.mark.parametrize(("key", "documents"), [("billPayments", "bills"), ("payments", "invoices")])
async def test_payments_settle_documents(session: SandboxSession, key: str, documents: str) -> None:
    create, document = sample(documents)
    made = await session.write(create, replace_status(document), intent())
    write, payment = sample(key)
    total = (await records(session, documents))[made.record_id].total_amount
    link = replace_struct(payment.lines[0].links[0], id=made.record_id, amount=-total)  # type: ignore[attr-defined]
    line = replace_struct(payment.lines[0], amount=total, links=(link,))  # type: ignore[attr-defined]
    party = {"supplier_ref": None} if key == "billPayments" else {"customer_ref": None}
    paying = replace_struct(payment, total_amount=total, lines=(line,), currency=None, currency_rate=None, **party)
    paid = await session.write(write, paying, intent())
    settled = (await records(session, documents))[made.record_id]
    assert (settled.status.value, settled.amount_due) == ("Paid", 0)
    touched = {(one.data_type, one.record.id) for one in paid.rereads}  # type: ignore[attr-defined]
    assert (documents, made.record_id) in touched


def replace_struct(record: Any, **changes: Any) -> Any:
    return type(record)(**{**{name: getattr(record, name) for name in record.__struct_fields__}, **changes})


def replace_status(record: Any) -> Any:
    """The record, to be booked rather than kept as a draft."""
    words = type(record.status)
    return replace_struct(record, status=words("Open" if "Open" in [word.value for word in words] else "Submitted"))


async def test_a_refusal_names_the_field(session: SandboxSession) -> None:
    write, bill = sample("bills")
    wrong = replace_struct(bill, supplier_ref=replace_struct(bill.supplier_ref, id="nobody"))  # type: ignore[attr-defined]
    with pytest.raises(Rejected) as caught:
        await session.write(write, wrong, intent())
    assert [one.field for one in caught.value.fields] == ["supplierRef.id"]
    with pytest.raises(RecordNotFound):
        await session.write(*(sample("bills", Operation.UPDATE)), intent(), record_id="nothing")


async def test_files_are_kept_once(session: SandboxSession) -> None:
    made = await session.write(*sample("bills"), intent())
    file, meant = File("scan é.pdf", "application/pdf", b"%PDF-1.7 scan"), intent()
    assert await session.find_attachment("bills", made.record_id, file, meant) is None
    kept = await session.attach("bills", made.record_id, file, meant)
    assert await session.attach("bills", made.record_id, file, meant) == kept
    assert await session.find_attachment("bills", made.record_id, file, meant) == kept
    (listed,) = await session.attachments("bills", made.record_id)
    assert (listed.id, listed.name, listed.file_size) == (kept.attachment_id, file.name, file.size_bytes)
    given = await session.download("bills", made.record_id, listed.id or "")
    assert (given.name, given.content_type, given.size_bytes) == (file.name, file.content_type, file.size_bytes)
    assert await whole(given.content, 100) == file.content
    with pytest.raises(RecordNotFound):
        await session.download("bills", made.record_id, "other")
    with pytest.raises(RecordNotFound):
        await session.attach("bills", "nothing", file, intent())


async def test_sizes_differ_and_the_same_connection_finds_its_book_again(
    ledger: OwnLedger, vendor_http: httpx2.AsyncClient
) -> None:
    small, medium = await ledger.session(vendor_http), await ledger.session(vendor_http, size="medium")
    assert len(await records(medium, "bills")) > 2 * len(await records(small, "bills"))


async def test_an_unknown_book_asks_to_be_linked_again(ledger: OwnLedger, vendor_http: httpx2.AsyncClient) -> None:
    access = await ledger.access(vendor_http)
    lost = SandboxSession(replace(access, facts={**access.facts, "organisation_id": str(uuid4())}))
    with pytest.raises(NeedsRelink):
        await records(lost, "bills")


async def test_a_wrong_key_is_nobodys_fault_but_ours(ledger: OwnLedger, vendor_http: httpx2.AsyncClient) -> None:
    access = await ledger.access(vendor_http)
    wrong = SandboxSession(replace(access, app=replace(access.app, client_secret="wrong")))
    with pytest.raises(VendorUnavailable):
        await records(wrong, "bills")
