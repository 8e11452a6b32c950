"""Large files over HTTP: several at once pass through in little memory, up and down."""

from __future__ import annotations

import asyncio
import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx2
import pytest

from bookbridge.connectors import registry
from tests.api.conftest import LINKABLE, Api, assert_error

AT_ONCE = 8
PIECE = b"x" * 65_536
PEAK_MAX_BYTES = 16 * 1024 * 1024
"""Well below what the files are together, and well above what holding one piece of each takes."""

HEAD = b'--b\r\nContent-Disposition: form-data; name="f"; filename="scan.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
FORM = {"Content-Type": "multipart/form-data; boundary=b"}


def limit_bytes(platform: str) -> int:
    connector = registry.connector(platform)
    assert connector is not None
    rule = connector.attachment_rule("bills")
    assert rule is not None
    return rule.size_max_bytes


async def form(size_bytes: int) -> AsyncIterator[bytes]:
    """A form with a PDF of that size, which nobody ever holds whole."""
    yield HEAD + b"%PDF"
    left = size_bytes - 4
    while left:
        piece = PIECE[:left]
        yield piece
        left -= len(piece)
    yield TAIL


def content(size_bytes: int) -> bytes:
    return b"%PDF" + b"x" * (size_bytes - 4)


async def sent(api: Api, path: str, size_bytes: int) -> httpx2.Response:
    length = {"Content-Length": str(len(HEAD) + size_bytes + len(TAIL))}
    return await api.http.post(path, content=form(size_bytes), headers={**FORM, **length})


@pytest.mark.parametrize("platform", [LINKABLE, "mqjo"])
async def test_files_at_the_limit_are_taken_in_little_memory(api: Api, platform: str) -> None:
    size_bytes = limit_bytes(platform)
    company = await api.company()
    path = f"/companies/{company}/connections/{await api.linked(company, platform)}/push/bills/b-1/attachments"
    await sent(api, path, 1_000)  # what is loaded once is no part of the measure
    tracemalloc.start()
    try:
        answers = await asyncio.gather(*(sent(api, path, size_bytes) for _ in range(AT_ONCE)))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [answer.json()["status"] for answer in answers] == ["Pending"] * AT_ONCE
    assert AT_ONCE * size_bytes > 1.5 * PEAK_MAX_BYTES
    assert peak_bytes < PEAK_MAX_BYTES, f"{peak_bytes / 1024 / 1024:.1f} MiB"
    key = answers[-1].json()["pushOperationKey"]
    chunks = await api.pool.fetch("select content from push_file_chunks where operation_id = $1 order by place", key)
    kept = b"".join(row["content"] for row in chunks)
    assert hashlib.sha256(kept).digest() == hashlib.sha256(content(size_bytes)).digest()


@pytest.mark.parametrize("platform", [LINKABLE, "mqjo"])
async def test_a_byte_more_is_refused_whether_or_not_its_length_is_told(api: Api, platform: str) -> None:
    company = await api.company()
    path = f"/companies/{company}/connections/{await api.linked(company, platform)}/push/bills/b-1/attachments"
    size_bytes = limit_bytes(platform)
    assert str(size_bytes) in assert_error(await sent(api, path, size_bytes + 1), 413)["error"]
    # Announced by no length at all, it is cut off where it becomes too large; a client that is still sending may see
    # only that.
    with suppress(httpx2.TransportError):
        assert_error(await api.http.post(path, content=form(size_bytes + 1024 * 1024), headers=FORM), 413)
    assert (await api.http.get(f"/companies/{company}/push")).json()["totalResults"] == 0
