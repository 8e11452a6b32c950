"""Files on their way to a vendor: what they are is looked at, and they are never whole in memory."""

from __future__ import annotations

import asyncio
import hashlib
import re
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest

from bookbridge.connectors.kit.connector import AttachmentRule, Operation
from bookbridge.connectors.kit.session import File, Written
from bookbridge.connectors.kit.streams import CHUNK_SIZE_BYTES, Streamed, whole
from bookbridge.push import operations
from bookbridge.push.errors import AttachmentRefused
from bookbridge.push.operations import Status
from bookbridge.push.run import Runner
from bookbridge.push.submit import Submission, submit
from bookbridge.push.uploads import checked
from tests.push.conftest import INTEGRATION, PATIENT, Desk, link
from tests.push.ledger_connector import CONNECTOR, LedgerSession, LedgerSessions

UPLOAD = Operation.UPLOAD_ATTACHMENT
LARGE_BYTES = 24 * 1024 * 1024
PEAK_MAX_BYTES = 12 * 1024 * 1024
"""What several files of LARGE_BYTES at once may take in memory: a few pieces each, and what everything else needs."""

ANY = AttachmentRule("bills", "bills", 1000, frozenset())
PNG, ZIP, OLE = b"\x89PNG\r\n\x1a\n", b"PK\x03\x04" + b"\0" * 30, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 30


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", b"%PDF-1.7"),
        ("a.PDF", b"\r\n junk \r\n%PDF-1.7"),
        ("a.png", PNG),
        ("a.jpeg", b"\xff\xd8\xff\xe0" + b"\0" * 20),
        ("a.tif", b"II*\0" + b"\0" * 20),
        ("a.docx", ZIP),
        ("a.xlsx", ZIP),
        ("a.zip", ZIP),
        ("a.doc", OLE),
        ("a.doc", b"{\\rtf1 hello}"),
        ("a.msg", OLE),
        ("a.csv", "BM;Zürich\n1;2\n".encode()),
        ("a.csv", b"MZ,1\n"),
        ("a.txt", "grüß".encode("utf-16")),
        ("a.eml", b"From: somebody\r\n"),
        ("a.dat", b"\0\1\2"),
        ("noextension", b"whatever"),
    ],
)
async def test_a_file_that_is_what_it_is_called_is_taken(name: str, content: bytes) -> None:
    assert (await checked(ANY, File(name, "", content))).name == name


@pytest.mark.parametrize(
    ("name", "content", "looks"),
    [
        ("a.pdf", PNG, "that of a 'png' file"),
        ("a.pdf", b"<html>", "something else"),
        ("a.png", b"%PDF-1.7", "that of a 'pdf' file"),
        ("a.jpg", PNG, "that of a 'png' file"),
        ("a.docx", b"%PDF-1.7", "that of a 'pdf' file"),
        ("a.doc", PNG, "that of a 'png' file"),
        ("a.csv", ZIP, "that of a 'zip' file"),
        ("a.txt", b"MZ\x90\0", "that of a 'exe' file"),
        ("a.dat", b"MZ\x90\0", "that of a 'exe' file"),
    ],
)
async def test_a_file_that_is_something_else_is_refused(name: str, content: bytes, looks: str) -> None:
    with pytest.raises(AttachmentRefused, match=re.escape(looks)):
        await checked(ANY, File(name, "application/pdf", content))


async def test_a_content_of_another_length_than_was_said_is_refused(desk: Desk) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"%PDF"

    with pytest.raises(AttachmentRefused, match="4 bytes instead of 5"):
        await desk.submit("bills", kind=UPLOAD, record_id="b1", file=File("a.pdf", "", Streamed(pieces, 5)))
    assert await desk.pool.fetchval("select count(*) from push_file_chunks") == 0


async def test_a_file_is_dropped_with_the_end_of_its_write_and_not_before(desk: Desk) -> None:
    content = b"%PDF" + b"x" * 900
    operation = await desk.submit("bills", kind=UPLOAD, record_id="b1", file=File("a.pdf", "", content))
    file = (await operations.content(desk.pool, operation)).file
    assert file is not None
    for _ in range(2):  # a request that is sent again needs it again
        assert await whole(file.content, 1000) == content
    await desk.work()
    assert (await desk.get(operation.id)).status is Status.SUCCESS
    assert await desk.pool.fetchval("select count(*) from push_file_chunks") == 0
    assert await whole(file.content, 1000) == b""


@dataclass
class Sink:
    """A server that keeps nothing of what it is sent but its length and its hash."""

    url: str = ""
    most_bytes: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(re.search(r"(?i)content-length: (\d+)", head).group(1))  # type: ignore[union-attr]
        digest, left = hashlib.sha256(), length
        while left:
            chunk = await reader.read(min(left, 64 * 1024))
            digest.update(chunk)
            left -= len(chunk)
        self.most_bytes = max(self.most_bytes, length)
        body = f'{{"id": "{uuid4()}", "digest": "{digest.hexdigest()}"}}'
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n{body}".encode())
        await writer.drain()
        writer.close()


def large() -> Streamed:
    """A PDF of LARGE_BYTES that nobody ever holds."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b"%PDF" + b"x" * (CHUNK_SIZE_BYTES - 4)
        for _ in range(LARGE_BYTES // CHUNK_SIZE_BYTES - 1):
            yield b"x" * CHUNK_SIZE_BYTES

    return Streamed(pieces, LARGE_BYTES)


async def test_files_at_the_limit_are_taken_and_sent_in_little_memory(desk: Desk, monkeypatch: Any) -> None:
    sink = Sink()
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    sink.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    rule = replace(CONNECTOR.attachments[0], size_max_bytes=LARGE_BYTES)
    connector = replace(CONNECTOR, attachments=(rule,))
    digests: list[str] = []

    async def attach(self: LedgerSession, data_type: str, record_id: str, file: File, intent: Any) -> Any:
        stored = await self.call("POST", "files", effect=True, content=file.content)
        digests.append(stored["digest"])
        return Written(record_id, attachment_id=stored["id"])

    monkeypatch.setattr(LedgerSession, "attach", attach)
    http_client = desk.runner._sessions._access.http  # type: ignore[attr-defined]
    sessions = LedgerSessions(http_client, sink.url)
    runner = Runner(desk.pool, sessions, {INTEGRATION: connector}.get, desk.views, backoff=PATIENT)
    connections = [desk.connection, *[await link(desk.pool) for _ in range(3)]]

    tracemalloc.start()
    try:
        for one in connections:
            async with desk.pool.acquire() as db, db.transaction():
                submission = Submission("bills", UPLOAD, record_id="b1", file=File("scan.pdf", "", large()))
                await submit(db, desk.views, connector, one.company_id, one.id, submission)
        await asyncio.gather(*(runner.handler(str(one.id)) for one in connections))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        server.close()
    expected = hashlib.sha256(b"%PDF" + b"x" * (LARGE_BYTES - 4)).hexdigest()
    assert digests == [expected] * len(connections)
    assert sink.most_bytes == LARGE_BYTES
    assert peak_bytes < PEAK_MAX_BYTES, f"{peak_bytes / 1024 / 1024:.1f} MiB"
