"""Taking a write back for somebody who no longer waits for it: only while nothing can have left."""

from __future__ import annotations

from bookbridge.companies.views import Views
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.session import File
from bookbridge.push import outcomes, transitions
from bookbridge.push.operations import PushOperation, Stage, Status
from tests.push.conftest import Desk, supplier
from tests.push.ledger import Ledger

WHY = "Nobody waits for it."


async def taken_back(desk: Desk, views: Views, operation: PushOperation) -> PushOperation | None:
    async with desk.pool.acquire() as db, db.transaction():
        return await outcomes.withdrawn(db, views, operation, WHY)


async def test_what_is_taken_back_is_never_sent(desk: Desk, views: Views, ledger: Ledger) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    ended = await taken_back(desk, views, operation)
    assert ended is not None
    assert (ended.stage, ended.status, ended.error_message) == (Stage.DONE, Status.FAILED, WHY)
    await desk.work()
    assert ledger.writes == 0
    assert [event["eventType"] for event in await desk.events()] == ["suppliers.write.unsuccessful"]
    assert await taken_back(desk, views, operation) is None


async def test_its_file_is_dropped(desk: Desk, views: Views) -> None:
    file = File("a.pdf", "", b"%PDF-1.7")
    operation = await desk.submit("bills", kind=Operation.UPLOAD_ATTACHMENT, record_id="b1", file=file)
    assert await taken_back(desk, views, operation) is not None
    assert await desk.pool.fetchval("select count(*) from push_file_chunks") == 0


async def test_what_may_have_left_is_not_taken_back(desk: Desk, views: Views, ledger: Ledger) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    begun = await transitions.begin(desk.pool, desk.connection.id)
    assert begun is not None
    assert await taken_back(desk, views, operation) is None
    await desk.work()
    assert (await desk.get(operation.id)).status is Status.SUCCESS
    assert ledger.writes == 1
