"""Bytes on their way: a file's content as a series of bounded chunks, so that no file is ever whole in memory.

It knows neither where the chunks come from (a database, a vendor) nor where they go.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass

CHUNK_SIZE_BYTES = 256 * 1024


@dataclass(frozen=True)
class Streamed:
    """Content that can be walked through more than once: a request that is sent again needs it again."""

    open: Callable[[], AsyncIterator[bytes]]
    """Walks through the content from its beginning."""
    size_bytes: int | None = None
    """None: nobody has told."""


Content = bytes | Streamed


async def chunks_of(content: Content) -> AsyncGenerator[bytes, None]:
    """The content, in pieces of at most CHUNK_SIZE_BYTES unless its source makes larger ones. Never an empty piece."""
    if isinstance(content, Streamed):
        async for chunk in content.open():
            if chunk:
                yield chunk
        return
    for start in range(0, len(content), CHUNK_SIZE_BYTES):
        yield content[start : start + CHUNK_SIZE_BYTES]


async def whole(content: Content, size_max_bytes: int) -> bytes:
    """All of it, for content that is known to be small. Raises ValueError above the limit."""
    found = bytearray()
    async for chunk in chunks_of(content):
        found += chunk
        if len(found) > size_max_bytes:
            raise ValueError(f"more than {size_max_bytes} bytes")
    return bytes(found)
