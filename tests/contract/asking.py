"""Asking every operation of a file: without a key, and one after the other, with a table of what is not as it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import httpx2
from rich.console import Console
from rich.table import Table

from tests.contract import own
from tests.contract.documents import Document, Operation

WRONG_KEY = {"Authorization": "Basic d3Jvbmc="}
SHOWN_WIDTH = 200


async def refused(operation: Operation, http: httpx2.AsyncClient, path: str) -> list[str]:
    """What is wrong with the answer to somebody without a good key."""
    answer = await http.request(operation.method.upper(), path, headers=WRONG_KEY)
    if answer.status_code != 401:
        return [f"status {answer.status_code} without a key"]
    ours = own.problems(operation.method, operation.path, 401, answer.content)
    return ours + (operation.problems(401, answer.content) if "401" in operation.content["responses"] else [])


async def every(names: Iterable[str], ask: Callable[[Operation], Awaitable[list[str]]]) -> int:
    """Ask every operation of the files; returns how many there are. Prints what is missing or not as the files say, and
    fails unless there is nothing."""
    found: list[tuple[str, str]] = []
    count = 0
    for name in names:
        for operation in Document(name).operations():
            count += 1
            found += [(operation.name, problem) for problem in await ask(operation)]
    table = Table("operation", "problem", title=f"{count} operations, {len(found)} problems")
    for row in found:
        table.add_row(*row)
    Console(width=SHOWN_WIDTH).print(table)
    assert not found, found
    return count


def with_bodies(names: Iterable[str]) -> set[tuple[str, str]]:
    """Method and path of every operation of the files that takes a body."""
    return {
        (operation.method, operation.path)
        for name in names
        for operation in Document(name).operations()
        if "requestBody" in operation.content
    }
