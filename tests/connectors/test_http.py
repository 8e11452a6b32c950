"""The HTTP client that vendors are called with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bookbridge.connectors.kit import http

IDLE_S = 0.05


@pytest.fixture
async def impatient_url() -> AsyncIterator[str]:
    """A server that closes a connection in the moment in which a second request arrives on it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def test_a_connection_is_not_used_again_after_it_was_idle(impatient_url: str) -> None:
    async with http.client(idle_connection_kept_s=IDLE_S) as client:
        for _ in range(3):
            assert (await client.post(impatient_url)).text == "ok"
            await asyncio.sleep(2 * IDLE_S)
