"""Large files from a vendor: many at once pass through in little memory, and a cut is told from an end."""

from __future__ import annotations

import asyncio
import hashlib
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bookbridge.connectors.kit import http
from bookbridge.connectors.kit.errors import VendorUnavailable
from bookbridge.connectors.kit.session import Access, VendorApp
from tests.connectors.sandbox import Bearer, Tally

AT_ONCE = 8
PIECE = b"x" * 65_536
PIECES = 256
"""16 MiB for each."""

PEAK_MAX_BYTES = 16 * 1024 * 1024


@asynccontextmanager
async def vendor(*, pieces_sent: int = PIECES) -> AsyncIterator[str]:
    """Sends a file of PIECES, or only the beginning of it, and never holds more than one of them."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        length = PIECES * len(PIECE)
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n".encode())
        for _ in range(pieces_sent):
            writer.write(PIECE)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/file"
    finally:
        server.close()


async def fetched(access: Access, url: str) -> bytes:
    """The digest of what came; nothing else is kept."""
    digest = hashlib.sha256()
    async with http.stream(access, url, meaning=http.usual_meaning) as content:
        async for chunk in content:
            digest.update(chunk)
            await asyncio.sleep(0)
    return digest.digest()


async def test_many_at_once_take_little_memory_and_give_their_places_back() -> None:
    async with vendor() as url, http.client() as client:
        budget = Tally()
        access = Access(
            http=client, app=VendorApp("c", "s", {"api": url}, {}), authorizer=Bearer("t"), budget=budget, facts={}
        )
        await fetched(access, url)  # what is loaded once is no part of the measure
        tracemalloc.start()
        try:
            found = await asyncio.gather(*(fetched(access, url) for _ in range(AT_ONCE)))
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    expected = hashlib.sha256()
    for _ in range(PIECES):
        expected.update(PIECE)
    assert found == [expected.digest()] * AT_ONCE
    assert peak_bytes < PEAK_MAX_BYTES < AT_ONCE * PIECES * len(PIECE) / 4, f"{peak_bytes / 1024 / 1024:.1f} MiB"
    assert (budget.calls, budget.in_flight) == (AT_ONCE + 1, 0)


async def test_a_file_that_breaks_off_is_not_taken_for_a_whole_one() -> None:
    async with vendor(pieces_sent=3) as url, http.client() as client:
        budget = Tally()
        access = Access(
            http=client, app=VendorApp("c", "s", {"api": url}, {}), authorizer=Bearer("t"), budget=budget, facts={}
        )
        with pytest.raises(VendorUnavailable):
            await fetched(access, url)
        assert budget.in_flight == 0
