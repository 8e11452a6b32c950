"""Fetching ahead: while the caller works on one page, the next ones are on their way. Bounded: memory stays flat."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Item(Generic[T]):
    value: T


async def ahead(pages: AsyncGenerator[T, None], *, waiting_max: int) -> AsyncGenerator[T, None]:
    """The items of `pages`, in order. `pages` runs on in a task of its own until `waiting_max` items wait to be taken
    (and one more is being made). Its exception is raised after the items that came before it. Closing this generator
    cancels and closes `pages`."""
    waiting: asyncio.Queue[_Item[T] | Exception | None] = asyncio.Queue(waiting_max)

    async def fill() -> None:
        async with aclosing(pages):
            try:
                async for page in pages:
                    await waiting.put(_Item(page))
            except Exception as error:  # handed to the caller, who decides
                await waiting.put(error)
            else:
                await waiting.put(None)

    filling = asyncio.create_task(fill())
    try:
        while (item := await waiting.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item.value
    finally:
        filling.cancel()
        with suppress(asyncio.CancelledError):
            await filling
