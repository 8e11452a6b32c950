"""Accepting writes: what becomes of them before any vendor is asked, and the history of them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import msgspec
import pytest

from bookbridge.companies.errors import ConnectionNotFound
from bookbridge.connectors.kit.connector import Operation
from bookbridge.connectors.kit.session import File
from bookbridge.push import operations
from bookbridge.push.errors import (
    AttachmentRefused,
    BadParameter,
    ConnectionNotLinked,
    MalformedBody,
    NotSupported,
    PushError,
    TooManyPending,
    UnknownDataType,
)
from bookbridge.push.operations import Status
from bookbridge.push.submit import Submission, submit
from bookbridge.push.views import push_operation
from bookbridge.store.query import compile_order, compile_query
from tests.push.conftest import Desk, supplier
from tests.push.ledger_connector import ATTACHMENT_SIZE_MAX_BYTES, CONNECTOR

UPLOAD = Operation.UPLOAD_ATTACHMENT
HEADS = {".pdf": b"%PDF-1.4", ".png": b"\x89PNG\r\n\x1a\n"}


async def test_an_accepted_write_is_pending_and_rings(desk: Desk) -> None:
    operation = await desk.submit(body=supplier("Papers Ltd"))
    assert await desk.rings("push.connection") == 1
    assert await desk.rings("push.timeout") == 0
    content = msgspec.json.decode(msgspec.json.encode(push_operation(operation)))
    assert content.pop("requestedOnUtc").endswith("Z")
    assert content == {
        "dataType": "suppliers",
        "companyId": str(desk.connection.company_id),
        "pushOperationKey": str(operation.id),
        "dataConnectionKey": str(desk.connection.id),
        "status": "Pending",
        "validation": {"errors": [], "warnings": []},
        "statusCode": 202,
    }


async def test_invalid_content_is_a_failed_operation_with_its_event_and_nothing_to_do(desk: Desk) -> None:
    operation = await desk.submit(body={"status": "Active", "supplierName": " "})
    view = push_operation(operation)
    assert (view.status, view.status_code) == ("Failed", 400)
    assert view.completed_on_utc is not None
    assert view.error_message == "Push failed for Supplier: see validation for what is wrong."
    assert view.validation is not None
    assert [item.item_id for item in view.validation.errors] == ["supplierName"]
    assert await desk.rings("push.connection") == 0
    (event,) = await desk.events()
    assert event["eventType"] == "suppliers.write.unsuccessful"
    assert event["payload"]["status"] == "Failed"
    assert not await desk.runner_has_work()


async def test_the_body_is_kept_to_the_byte(desk: Desk) -> None:
    body = b'{ "supplierName":"Caf\xc3\xa9 \\u00e9", "status":"Active"}'
    operation = await desk.submit(body=body)
    kept = await operations.content(desk.pool, operation)
    assert kept.body is not None
    assert kept.body.encode() == body


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"data_type": "giraffes"}, UnknownDataType),
        ({"data_type": "invoices"}, NotSupported),
        ({"data_type": "bills", "kind": Operation.UPDATE, "record_id": "b1"}, NotSupported),
        ({"body": b"[]"}, MalformedBody),
        ({"body": None}, MalformedBody),
        ({"timeout_in_minutes": 0}, BadParameter),
        ({"timeout_in_minutes": 10**9}, BadParameter),
        ({"record_id": "s1"}, BadParameter),
        ({"kind": Operation.UPDATE}, BadParameter),
        ({"kind": Operation.UPDATE, "record_id": "a\0b"}, BadParameter),
        ({"kind": Operation.UPDATE, "record_id": "x" * 256}, BadParameter),
    ],
)
async def test_what_cannot_be_a_write_is_not_stored(
    desk: Desk, changes: dict[str, Any], error: type[PushError]
) -> None:
    submission: dict[str, Any] = {"data_type": "suppliers", "body": supplier("Papers Ltd"), **changes}
    with pytest.raises(error):
        await desk.submit(**submission)
    assert await desk.pool.fetchval("select count(*) from push_operations") == 0
    assert await desk.events() == []


@pytest.mark.parametrize("status", ["PendingAuth", "Unlinked", "Deauthorized"])
async def test_nothing_is_written_over_a_connection_that_is_not_linked(desk: Desk, status: str) -> None:
    await desk.pool.execute("update connections set status = $1", status)
    with pytest.raises(ConnectionNotLinked):
        await desk.submit(body=supplier("Papers Ltd"))


async def test_a_connection_of_another_company_is_not_found(desk: Desk) -> None:
    async with desk.pool.acquire() as db:
        with pytest.raises(ConnectionNotFound):
            await submit(
                db,
                desk.views,
                CONNECTOR,
                uuid4(),
                desk.connection.id,
                Submission("suppliers", Operation.CREATE, body=b"{}"),
            )


async def test_the_queue_of_a_connection_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookbridge.push.submit.PENDING_MAX", 2)
    for _ in range(2):
        await desk.submit(body=supplier("Papers Ltd"))
    with pytest.raises(TooManyPending):
        await desk.submit(body=supplier("Papers Ltd"))


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (None, "A file that is not empty is expected."),
        (File("scan.pdf", "application/pdf", b""), "A file that is not empty is expected."),
        (
            File("scan.pdf", "application/pdf", b"x" * (ATTACHMENT_SIZE_MAX_BYTES + 1)),
            "The file has 1001 bytes; this platform takes at most 1000.",
        ),
        (File("scan.exe", "application/pdf", b"x"), "This platform takes no 'exe' files, only: pdf, png."),
        (File("../..", "application/pdf", b"x"), "The file has no name."),
    ],
)
async def test_a_file_that_the_platform_does_not_take_is_refused(desk: Desk, file: File | None, words: str) -> None:
    with pytest.raises(AttachmentRefused) as raised:
        await desk.submit("bills", kind=UPLOAD, record_id="b1", file=file)
    assert raised.value.message == words


async def test_files_are_taken_only_where_the_platform_says(desk: Desk) -> None:
    with pytest.raises(NotSupported):
        await desk.submit("suppliers", kind=UPLOAD, record_id="s1", file=File("a.pdf", "", b"x"))


@pytest.mark.parametrize(
    ("name", "content_type", "kept"),
    [
        ("Scan.PDF", "application/pdf; x=1", ("Scan.PDF", "application/pdf")),
        ("C:\\docs\\scan.png", "", ("scan.png", "image/png")),
        ('a"b\r\n.pdf', "evil\r\nheader", ("a_b__.pdf", "application/pdf")),
        ("x" * 500 + ".pdf", "application/octet-stream", ("x" * 196 + ".pdf", "application/pdf")),
    ],
)
async def test_names_and_types_of_files_are_made_harmless(
    desk: Desk, name: str, content_type: str, kept: tuple[str, str]
) -> None:
    operation = await desk.submit(
        "bills", kind=UPLOAD, record_id="b1", file=File(name, content_type, HEADS[name[-4:].lower()])
    )
    file = (await operations.content(desk.pool, operation)).file
    assert file is not None
    assert (file.name, file.content_type) == kept


async def test_the_history_is_queried_ordered_and_paged(desk: Desk) -> None:
    made = [await desk.submit(body=supplier(f"S{number}")) for number in range(3)]
    failed = await desk.submit(body={"status": "Active"})
    bill = await desk.submit("bills", kind=Operation.DELETE, record_id="b1")

    async def keys(query: str | None = None, order: str | None = None, limit: int = 10, offset: int = 0) -> Any:
        named = operations.properties()
        rows, total = await operations.list_page(
            desk.pool,
            desk.connection.company_id,
            condition=compile_query(query, named, of="PushOperation", first=2) if query else None,
            order=compile_order(order, named, of="PushOperation") if order else None,
            limit=limit,
            offset=offset,
        )
        return [row.id for row in rows], total

    newest_first = [bill.id, failed.id, *(one.id for one in reversed(made))]
    assert await keys() == (newest_first, 5)
    assert await keys(limit=2, offset=3) == (newest_first[3:], 5)
    assert await keys(order="requestedOnUtc") == (newest_first[::-1], 5)
    assert await keys("status=failed&&dataType=suppliers") == ([failed.id], 1)
    assert await keys("statusCode=202 && dataType!=suppliers") == ([bill.id], 1)
    assert await keys(f"pushOperationKey={made[0].id}") == ([made[0].id], 1)
    assert await keys("completedOnUtc>2020-01-01") == ([failed.id], 1)
    assert failed.status is Status.FAILED
    assert await operations.get(desk.pool, uuid4(), made[0].id) is None
