"""A dry run: everything as if it were sent, and nothing sent or stored."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.errors import RateLimited, VendorUnavailable
from bookbridge.connectors.kit.session import File
from bookbridge.push.errors import NotSupported
from bookbridge.push.rehearsal import NOTHING_TO_SEND, Rehearsal, refused, rehearse
from bookbridge.push.submit import Submission, prepare
from tests.push.conftest import Desk, supplier
from tests.push.ledger import Ledger
from tests.push.ledger_connector import CONNECTOR, LedgerSession
from tests.push.test_references import bill


async def run(
    desk: Desk, data_type: str, body: Any = None, kind: Operation = Operation.CREATE, **more: Any
) -> Rehearsal:
    encoded = json.dumps(body).encode() if body is not None else None
    submission = Submission(data_type, kind, body=encoded, **more)
    async with desk.pool.acquire() as db:
        prepared = await prepare(db, CONNECTOR, desk.connection, submission)
    if prepared.refusal is not None:
        return refused(prepared, desk.connection.created)
    access = replace(desk.runner._sessions._access, dry_run=True)  # type: ignore[attr-defined]
    return await rehearse(desk.pool, LedgerSession(access), CONNECTOR, desk.connection, submission, prepared)


async def untouched(desk: Desk, ledger: Ledger) -> bool:
    stored = await desk.pool.fetchval("select count(*) from push_operations")
    return stored == 0 and ledger.writes == 0


async def test_each_kind_shows_its_request(desk: Desk, ledger: Ledger) -> None:
    created = await run(desk, "suppliers", supplier("Papers Ltd"))
    assert created.request is not None
    assert (created.request.method, created.request.path) == ("POST", "/suppliers")
    assert json.loads(bytes(created.request.payload)) == {"name": "Papers Ltd", "phone": None}
    updated = await run(desk, "suppliers", supplier("Papers Ltd"), Operation.UPDATE, record_id="s1")
    assert updated.request is not None
    assert (updated.request.method, updated.request.path) == ("PUT", "/suppliers/s1")
    deleted = await run(desk, "bills", kind=Operation.DELETE, record_id="b1")
    assert deleted.request is not None
    assert (deleted.request.method, deleted.request.payload) == ("DELETE", None)
    file = File("scan.pdf", "application/pdf", b"%PDF-1.4")
    attached = await run(desk, "bills", kind=Operation.UPLOAD_ATTACHMENT, record_id="b1", file=file)
    assert attached.request is not None
    assert attached.request.payload == {"fileName": "scan.pdf", "contentType": "application/pdf", "sizeBytes": 8}
    assert await untouched(desk, ledger)


async def test_what_is_wrong_is_told_with_what_is_notable(desk: Desk, ledger: Ledger) -> None:
    found = await run(desk, "suppliers", {"colour": "red", "status": "Active"})
    assert found.error_message == "Push failed for Supplier: see validation for what is wrong."
    assert [one.item_id for one in found.validation.errors] == ["supplierName"]
    assert [one.item_id for one in found.validation.warnings] == ["colour"]
    assert found.request is None
    with pytest.raises(NotSupported):
        await run(desk, "items", {})
    assert await untouched(desk, ledger)


async def test_a_change_by_somebody_else_is_seen_before_the_write(desk: Desk, ledger: Ledger) -> None:
    await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    (held,) = ledger.all("suppliers")
    held["updated"] = "2026-11-20T10:00:00.123456+00:00"
    writes = ledger.writes
    found = await run(desk, "suppliers", supplier("Other"), Operation.UPDATE, record_id=held["id"])
    assert found.error_message is not None
    assert "forceUpdate=true" in found.error_message
    forced = await run(desk, "suppliers", supplier("Other"), Operation.UPDATE, record_id=held["id"], force_update=True)
    assert forced.request is not None
    assert ledger.writes == writes


async def test_records_that_are_there_stand_in_the_place_of_their_keys(desk: Desk, ledger: Ledger) -> None:
    earlier = await desk.submit(body=supplier("Papers Ltd"))
    before = await run(desk, "bills", bill(str(earlier.id)))
    assert before.request is not None
    assert before.validation.information
    await desk.work()
    made = (await desk.get(earlier.id)).result_record_id
    after = await run(desk, "suppliers", supplier("Papers Ltd"), Operation.UPDATE, record_id=str(earlier.id))
    assert after.request is not None
    assert after.request.path == f"/suppliers/{made}"


@pytest.mark.parametrize(("fault", "error"), [("503", VendorUnavailable), ("429", RateLimited)])
async def test_a_platform_that_is_away_says_nothing_about_the_write(
    desk: Desk, ledger: Ledger, fault: str, error: type[Exception]
) -> None:
    await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    (held,) = ledger.all("suppliers")
    ledger.read_faults = [fault]
    with pytest.raises(error):
        await run(desk, "suppliers", supplier("Other"), Operation.UPDATE, record_id=held["id"])


async def test_a_connector_that_would_send_nothing_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def write(self: LedgerSession, *_: Any, **__: Any) -> None:
        return None

    monkeypatch.setattr(LedgerSession, "write", write)
    found = await run(desk, "bills", kind=Operation.DELETE, record_id="b1")
    assert (found.request, found.error_message) == (None, None)
    assert [one.message for one in found.validation.information or ()] == [NOTHING_TO_SEND]
