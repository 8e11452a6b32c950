"""A list that is edited while it is read: who has all 1,000 invoices afterwards?

The list is in order of change, as vendors' lists are. While a reader is between its first and its second page, one
invoice of the first page is edited, and so moves to the end; the others move up, one of them onto a page that the
reader already has. Then each reads once more what changed since its first read, as its documentation has it.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.contenders import (
    ALL,
    OURS,
    Contender,
    invoice_server,
    make_folder,
    new_database,
    read_once,
    records_kept,
)
from bench.registry import Check
from bookbridge.store.embedded import EmbeddedPostgres

INVOICES: Final = 1_000
PAGE_SIZE: Final = 100

console = Console(width=110)


def run() -> list[Check]:
    """Read with all contenders, and print what each has."""
    with tempfile.TemporaryDirectory(prefix="bookbridge-bench-") as folder:
        kept = asyncio.run(_run(Path(folder)))
    _show(kept)
    return [Check("records kept of 1,000, one edited between pages", min(kept[OURS]), INVOICES)]


async def _run(folder: Path) -> dict[Contender, list[int]]:
    server = EmbeddedPostgres(folder / "postgres")
    dsn = await server.start()
    try:
        return {
            contender: await _kept(contender, dsn, folder / f"bench_{place}") for place, contender in enumerate(ALL)
        }
    finally:
        await server.stop()


async def _kept(contender: Contender, dsn: str, state: Path) -> list[int]:
    """How many invoices the contender has after its first read, and after a read of changes if it can."""
    own_dsn = await new_database(dsn, state.name)
    make_folder(state)
    kept = []
    with invoice_server(INVOICES, "edits") as url:
        for _ in range(2 if contender.cursor else 1):
            await read_once(contender, url, own_dsn, PAGE_SIZE, state, changes=contender.cursor)
            kept.append(await records_kept(contender, own_dsn))
    return kept


def _show(kept: Mapping[Contender, list[int]]) -> None:
    table = Table(
        "", title=f"{INVOICES:,} invoices, page size {PAGE_SIZE}, one edited between two pages: invoices kept"
    )
    for column in ("after the first read", "after reading changes"):
        table.add_column(column, justify="right")
    for contender, counts in kept.items():
        told = [f"[{'green' if count == INVOICES else 'red'}]{count:,}[/]" for count in counts]
        table.add_row(contender.name, *told, *["no such read"] * (2 - len(counts)))
    console.print(table)
