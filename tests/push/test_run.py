"""Writes against a real HTTP ledger that would show every double write."""

from __future__ import annotations

import asyncio
import json
from functools import partial

import pytest

from bookbridge import jobs
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.session import File, Written
from bookbridge.push import transitions
from bookbridge.push.operations import Change, ChangedRecord, ChangeType, PushOperation, Stage, Status
from bookbridge.push.run import MAY_HAVE_LANDED, NOTHING_WRITTEN
from bookbridge.push.timeouts import Timeouts
from bookbridge.push.views import push_operation
from tests.push.conftest import DEADLINE_S, Desk, supplier
from tests.push.ledger import Ledger
from tests.push.ledger_connector import LedgerSession
from tests.waiting import somebody_waits_for_a_lock, until


async def test_a_write_lands_once_and_its_record_is_kept_at_once(desk: Desk, ledger: Ledger) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    assert (operation.status, push_operation(operation).status_code) == (Status.PENDING, 202)
    await desk.work()
    (held,) = ledger.all("suppliers")
    done = await desk.get(operation.id)
    assert done.status is Status.SUCCESS
    assert done.stage is Stage.DONE
    assert done.changes == (
        Change(type=ChangeType.CREATED, record_ref=ChangedRecord(id=held["id"], data_type="suppliers")),
    )
    body = await desk.pool.fetchval("select body from records where record_id = $1", held["id"])
    assert json.loads(body)["supplierName"] == "Papers Ltd"
    assert desk.queued == ["suppliers"]
    (event,) = await desk.events()
    assert event["eventType"] == "suppliers.write.successful"
    payload = event["payload"]
    assert payload["id"] == str(operation.id)
    assert payload["referenceCompany"]["name"] == "Acme"
    assert payload["completedOnDate"] >= payload["requestedOnDate"]
    assert {name: payload[name] for name in ("type", "status", "record", "connectionId")} == {
        "type": "Create",
        "status": "Success",
        "record": {"id": held["id"]},
        "connectionId": str(desk.connection.id),
    }
    assert "attachmentId" not in payload


async def test_an_answer_that_was_lost_is_looked_up_and_nothing_is_sent_again(desk: Desk, ledger: Ledger) -> None:
    ledger.faults = ["drop_after"]
    operation = await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    assert (await desk.get(operation.id)).status is Status.SUCCESS
    assert (len(ledger.all("suppliers")), ledger.writes) == (1, 1)


async def test_a_request_that_was_lost_is_sent_again_once_the_vendor_says_it_did_not_land(
    desk: Desk, ledger: Ledger
) -> None:
    ledger.faults = ["drop_before"]
    operation = await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    done = await desk.get(operation.id)
    assert (done.status, done.intent_key) == (Status.SUCCESS, operation.intent_key)
    assert (len(ledger.all("suppliers")), ledger.writes) == (1, 2)


async def test_a_worker_that_died_after_recording_its_intent_is_followed_by_one_that_looks_first(
    desk: Desk, ledger: Ledger
) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    assert await transitions.begin(desk.pool, desk.connection.id) is not None
    await desk.work()
    assert (await desk.get(operation.id)).status is Status.SUCCESS
    assert (ledger.reads, ledger.writes) == (1, 1)


@pytest.mark.parametrize("fault", ["429", "503"])
async def test_when_nothing_happened_it_is_sent_again_without_a_look(desk: Desk, ledger: Ledger, fault: str) -> None:
    ledger.faults = [fault]
    operation = await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    assert (await desk.get(operation.id)).status is Status.SUCCESS
    assert (len(ledger.all("suppliers")), ledger.reads, ledger.writes) == (1, 0, 2)


async def test_a_refusal_fails_with_the_fields_and_keeps_the_warnings(desk: Desk, ledger: Ledger) -> None:
    ledger.faults = ["400"]
    operation = await desk.submit(body={**supplier("Papers Ltd"), "taxNumber": "7"})
    await desk.work()
    view = push_operation(await desk.get(operation.id))
    assert (view.status, view.status_code, view.changes) == ("Failed", 400, None)
    assert view.error_message == "The platform refused it: The reference is taken."
    assert view.validation is not None
    assert [(item.item_id, item.validator_name) for item in view.validation.errors] == [("reference", "Supplier")]
    assert [item.item_id for item in view.validation.warnings] == ["taxNumber"]
    (event,) = await desk.events()
    assert event["eventType"] == "suppliers.write.unsuccessful"
    assert "record" not in event["payload"]


async def test_a_vendor_that_stays_away_fails_the_write_in_the_end_and_says_that_nothing_was_written(
    desk: Desk, ledger: Ledger
) -> None:
    ledger.faults = ["503"] * 5
    first = await desk.submit(body=supplier("Papers Ltd"))
    second = await desk.submit(body=supplier("Pens Ltd"))
    await desk.work()
    failed = await desk.get(first.id)
    assert failed.status is Status.FAILED
    assert str(failed.error_message).endswith(NOTHING_WRITTEN)
    assert (await desk.get(second.id)).status is Status.SUCCESS


async def test_an_outcome_that_cannot_be_found_out_is_not_guessed(desk: Desk, ledger: Ledger) -> None:
    ledger.faults, ledger.read_faults = ["drop_after"], ["503"] * 4
    operation = await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    failed = await desk.get(operation.id)
    assert failed.status is Status.FAILED
    assert str(failed.error_message).endswith(MAY_HAVE_LANDED)
    assert (len(ledger.all("suppliers")), ledger.writes) == (1, 1)


async def test_lost_access_deauthorises_the_connection_and_fails_all_that_waits(desk: Desk, ledger: Ledger) -> None:
    ledger.faults = ["401"]
    waiting = [await desk.submit(body=supplier(name)) for name in ("A", "B")]
    await desk.work()
    ended = [await desk.get(one.id) for one in waiting]
    assert [one.status for one in ended] == [Status.FAILED] * 2
    assert all(str(one.error_message).endswith(NOTHING_WRITTEN) for one in ended)
    assert await desk.pool.fetchval("select status from connections") == "Deauthorized"
    assert ledger.writes == 1
    assert sorted(event["eventType"] for event in await desk.events()) == [
        "connection.disconnected",
        "suppliers.write.unsuccessful",
        "suppliers.write.unsuccessful",
    ]


async def test_writes_leave_in_order_one_at_a_time_also_around_trouble(desk: Desk, ledger: Ledger) -> None:
    ledger.faults = ["", "503", "", "drop_after", "drop_before"]
    names = [f"Supplier {number}" for number in range(8)]
    for name in names:
        await desk.submit(body=supplier(name))
    await desk.work()
    assert [held["name"] for held in ledger.all("suppliers")] == names
    assert ledger.in_flight_most == 1


async def test_update_delete_and_attachment(desk: Desk, ledger: Ledger) -> None:
    ledger.records = {
        "suppliers": {"s1": {"id": "s1", "name": "Old", "updated": "2020-01-01T00:00:00+00:00"}},
        "bills": {"b1": {"id": "b1"}},
    }
    ledger.faults = ["drop_after"] * 3  # each is found, however it changed things
    update = await desk.submit(body=supplier("New"), kind=Operation.UPDATE, record_id="s1")
    upload = await desk.submit(
        "bills", kind=Operation.UPLOAD_ATTACHMENT, record_id="b1", file=File("scan.pdf", "application/pdf", b"%PDF")
    )
    delete = await desk.submit("bills", kind=Operation.DELETE, record_id="b1")
    await desk.work()
    assert ledger.records == {
        "suppliers": {"s1": {**ledger.records["suppliers"]["s1"], "name": "New"}},
        "bills": {},
    }
    (file,) = ledger.files["b1"]
    assert ledger.writes == 3
    changes = [(await desk.get(one.id)).changes[0] for one in (update, upload, delete)]
    assert [change.type for change in changes] == [
        ChangeType.MODIFIED,
        ChangeType.ATTACHMENT_UPLOADED,
        ChangeType.DELETED,
    ]
    assert [change.record_ref.id for change in changes] == ["s1", "b1", "b1"]
    events = {event["payload"]["id"]: event["payload"] for event in await desk.events()}
    uploaded = events[str(upload.id)]
    assert (uploaded["type"], uploaded["record"], uploaded["attachmentId"]) == (
        "UploadAttachment",
        {"id": "b1"},
        file["id"],
    )
    assert await desk.pool.fetchval("select count(*) from push_file_chunks") == 0


async def test_a_record_that_is_not_there_fails_plainly(desk: Desk) -> None:
    operation = await desk.submit(body=supplier("New"), kind=Operation.UPDATE, record_id="nowhere")
    await desk.work()
    failed = await desk.get(operation.id)
    assert (failed.status, failed.error_message) == (Status.FAILED, "The vendor has no such record.")


async def test_a_fault_of_ours_is_retried_with_a_look_and_ends(
    desk: Desk, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("shape")

    operation = await desk.submit(body=supplier("Papers Ltd"))
    monkeypatch.setattr("bookbridge.push.bodies.record_of", broken)
    await desk.work()
    failed = await desk.get(operation.id)
    assert failed.status is Status.FAILED
    assert "fault of this installation" in str(failed.error_message)
    assert ledger.writes == 0


async def test_a_run_that_was_overtaken_saves_nothing(desk: Desk) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    begun = await transitions.begin(desk.pool, desk.connection.id)
    assert begun is not None
    frozen = begun.operation
    assert await transitions.begin(desk.pool, desk.connection.id) is not None  # another worker takes over
    async with desk.pool.acquire() as db, db.transaction():
        assert await transitions.fail(db, frozen, "late") is None
        change = Change(type=ChangeType.CREATED, record_ref=ChangedRecord(id="1", data_type="suppliers"))
        assert await transitions.succeed(db, frozen, (change,), None) is None
    assert (await desk.get(operation.id)).status is Status.PENDING


async def test_a_run_begins_with_what_opens_the_connection(desk: Desk) -> None:
    await desk.submit(body=supplier("Papers Ltd"))
    first = await transitions.begin(desk.pool, desk.connection.id)
    assert first is not None
    assert first.credentials is None
    await desk.pool.execute(
        """insert into credentials (company_id, connection_id, sealed_current, expires, fence)
        values ($1, $2, 'sealed', clock_timestamp() + interval '1 hour', 1)""",
        desk.connection.company_id,
        desk.connection.id,
    )
    second = await transitions.begin(desk.pool, desk.connection.id)
    assert second is not None
    assert second.credentials is not None
    assert second.credentials.current == b"sealed"
    assert 3_000 < (second.credentials.left_s or 0) <= 3_600


async def test_of_two_who_begin_at_the_same_moment_one_does(desk: Desk) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    async with desk.pool.acquire() as db:
        async with db.transaction():
            first = await transitions.begin(db, desk.connection.id)
            second = asyncio.create_task(transitions.begin(desk.pool, desk.connection.id))
            await until(partial(somebody_waits_for_a_lock, desk.pool))
        assert first is not None
        assert (first.seen, first.operation.runs) == (Stage.ACCEPTED, 1)
        # It would have taken the operation for one of which nothing has left.
        assert await second is None
    third = await transitions.begin(desk.pool, desk.connection.id)
    assert third is not None
    assert (third.seen, third.operation.id) == (Stage.INTENDED, operation.id)


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
async def test_two_equal_writes_are_two_records_whatever_happens_to_the_second(
    desk: Desk, ledger: Ledger, fault: str
) -> None:
    ledger.faults = ["", fault, "", fault]
    made = [await desk.submit(body=supplier("Papers Ltd")) for _ in range(2)]
    scans = [
        await desk.submit("bills", kind=Operation.UPLOAD_ATTACHMENT, record_id="b1", file=File("a.pdf", "", b"%PDF"))
        for _ in range(2)
    ]
    await desk.work()
    assert {(await desk.get(one.id)).result_record_id for one in made} == set(ledger.records["suppliers"])
    assert {(await desk.get(one.id)).attachment_id for one in scans} == {file["id"] for file in ledger.files["b1"]}
    assert (len(ledger.all("suppliers")), len(ledger.files["b1"])) == (2, 2)


async def test_a_connector_that_mistakes_another_writes_record_for_this_ones_is_not_believed(
    desk: Desk, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    made = (await desk.get(first.id)).result_record_id
    assert made is not None

    async def mistaken(*_: object, **__: object) -> Written:
        return Written(made)

    monkeypatch.setattr(LedgerSession, "find", mistaken)
    ledger.faults = ["drop_before"]
    second = await desk.submit(body=supplier("Papers Ltd"))
    await desk.work()
    done = await desk.get(second.id)
    assert done.status is Status.SUCCESS
    assert done.result_record_id != made
    assert len(ledger.all("suppliers")) == 2


async def time_out(desk: Desk, operation: PushOperation) -> None:
    await Timeouts(desk.pool, desk.views).handler(f"{operation.company_id}:{operation.id}")


async def test_a_timeout_is_told_and_the_late_write_is_recorded_beside_it(desk: Desk, ledger: Ledger) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"), timeout_in_minutes=1)
    assert await desk.rings("push.timeout") == 1
    await time_out(desk, operation)
    view = push_operation(await desk.get(operation.id))
    assert (view.status, view.status_code, view.timeout_in_seconds) == ("TimedOut", 408, 60)
    assert view.completed_on_utc is not None
    await desk.work()
    late = await desk.get(operation.id)
    assert (late.status, late.stage) == (Status.TIMED_OUT, Stage.DONE)
    assert late.changes[0].record_ref.id == ledger.all("suppliers")[0]["id"]
    assert await desk.pool.fetchval("select count(*) from records") == 1
    told = [(event["eventType"], event["payload"]["status"]) for event in await desk.events()]
    assert told == [
        ("suppliers.write.unsuccessful", "TimedOut"),
        ("suppliers.write.successful", "TimedOut"),
    ]


async def test_a_timeout_after_the_end_changes_nothing(desk: Desk) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"), timeout_in_minutes=1)
    await desk.work()
    await time_out(desk, operation)
    assert (await desk.get(operation.id)).status is Status.SUCCESS
    assert len(await desk.events()) == 1


async def test_the_application_is_told_when_its_own_minutes_are_over(desk: Desk) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"), timeout_in_minutes=90)
    await desk.submit(body=supplier("Patient Ltd"))
    rows = await desk.pool.fetch(
        "select extract(epoch from execute_after - now())::float8 as wait_s from pgqueuer where entrypoint = $1",
        "push.timeout",
    )
    assert [round(row["wait_s"] / 60) for row in rows] == [90]
    assert push_operation(operation).timeout_in_seconds == 5_400


@pytest.mark.parametrize("late", [False, True])
async def test_a_read_follows_a_success_unless_nobody_wants_it(desk: Desk, ledger: Ledger, late: bool) -> None:
    ledger.faults = ["400"]
    for wanted in (True, True, False):
        operation = await desk.submit(
            body=supplier(f"Papers {wanted}"), sync_on_complete=wanted, timeout_in_minutes=1 if late else None
        )
        if late:
            await time_out(desk, operation)
        await desk.work()
    assert len(ledger.all("suppliers")) == 2
    # Of the first, which was refused, there is nothing to read.
    assert desk.queued == ["suppliers"]


async def test_the_worker_of_the_jobs_room_is_woken_by_a_submission(dsn: str, desk: Desk, ledger: Ledger) -> None:
    worker = jobs.Worker(dsn, {"push.connection": desk.runner.handler}, poll_s=0.2)
    running = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(DEADLINE_S):
            operation = await desk.submit(body=supplier("Papers Ltd"))
            while (await desk.get(operation.id)).status is Status.PENDING:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    finally:
        worker.stop()
        await running
    assert len(ledger.all("suppliers")) == 1
