"""Reading 20,000 invoices into PostgreSQL: Bookbridge, others and a floor without any mapping, side by side in one run.

Same pages of the same server, same database server, same two cores, which all of them share. Rounds are interleaved, so
that a slow moment of the machine hits all alike; medians are reported. The second read is of the unchanged list, whole.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.contenders import (
    ALL,
    OURS,
    PEERS,
    Contender,
    invoice_server,
    make_folder,
    new_database,
    read_once,
    records_kept,
    rows_written,
)
from bench.registry import Check
from bookbridge.store.embedded import EmbeddedPostgres

INVOICES: Final = 20_000
ROUNDS: Final = 3
PAGE_SIZES: Final = (100, 1_000)
SPEED_MIN: Final = 2.0
LOADED_FOR_SPEED_MIN: Final = 1.0

console = Console(width=110)


@dataclass
class Figures:
    """What a contender came to at one page size."""

    first_s: list[float] = field(default_factory=list)
    again_s: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    rewritten: int = 0

    @property
    def rate(self) -> float:
        """Records per second of the first read."""
        return INVOICES / median(self.first_s)


def run() -> list[Check]:
    """Measure, and print a table for each page size."""
    with tempfile.TemporaryDirectory(prefix="bookbridge-bench-") as folder:
        results = asyncio.run(_run(Path(folder)))
    return [check for page_size, figures in results.items() for check in _checks(page_size, figures)]


async def _run(folder: Path) -> dict[int, dict[Contender, Figures]]:
    server = EmbeddedPostgres(folder / "postgres")
    dsn = await server.start()
    results = {}
    try:
        with invoice_server(INVOICES) as url:
            for page_size in PAGE_SIZES:
                figures = {contender: Figures() for contender in ALL}
                for round_number in range(ROUNDS):
                    for place, contender in enumerate(ALL):
                        state = folder / f"bench_{place}_{page_size}_{round_number}"
                        own_dsn = await new_database(dsn, state.name)
                        make_folder(state)
                        await _contend(contender, url, own_dsn, page_size, state, figures[contender])
                _show(page_size, figures)
                results[page_size] = figures
        return results
    finally:
        await server.stop()


async def _contend(contender: Contender, url: str, dsn: str, page_size: int, state: Path, found: Figures) -> None:
    """Read all, and all again; a contender that does not have every invoice then is no contender."""
    first = await read_once(contender, url, dsn, page_size, state)
    before = await rows_written(contender, dsn)
    again = await read_once(contender, url, dsn, page_size, state)
    found.rewritten = await rows_written(contender, dsn) - before
    if (kept := await records_kept(contender, dsn)) != INVOICES:
        raise RuntimeError(f"{contender.name} has {kept} of {INVOICES} invoices")
    found.first_s.append(first.seconds)
    found.again_s.append(again.seconds)
    found.peak_bytes = max(found.peak_bytes, first.peak_bytes, again.peak_bytes)


def _show(page_size: int, figures: Mapping[Contender, Figures]) -> None:
    ours = figures[OURS]
    table = Table("", title=f"{INVOICES:,} invoices, page size {page_size}, median of {ROUNDS}")
    for column in ("records/s", "of ours", "unchanged again", "rows rewritten", "peak MB", "of ours"):
        table.add_column(column, justify="right")
    for contender, found in figures.items():
        table.add_row(
            contender.name,
            f"{found.rate:,.0f}",
            f"{found.rate / ours.rate:.2f}",
            f"{INVOICES / median(found.again_s):,.0f}",
            f"{found.rewritten:,}" if contender.destination else "-",
            f"{found.peak_bytes / 1e6:.0f}",
            f"{found.peak_bytes / ours.peak_bytes:.2f}",
        )
    console.print(table)
    console.print(
        "The floor keeps raw JSON and four columns. airbyte-cdk brings no destination that runs here: a loader of raw"
        " JSON stands in, whose rows and memory are not counted.",
        style="dim",
    )


def _checks(page_size: int, figures: Mapping[Contender, Figures]) -> list[Check]:
    """The others are taken at their best: the fastest, and the leanest."""
    ours = figures[OURS]
    whole = [figures[peer] for peer in PEERS if peer.destination]
    fastest = max(found.rate for found in whole)
    fastest_loaded_for = max(figures[peer].rate for peer in PEERS if not peer.destination)
    leanest = min(found.peak_bytes for found in whole)
    of = f"page size {page_size:,}"
    return [
        Check(f"records/s, of the fastest that loads PostgreSQL, {of}", ours.rate / fastest, SPEED_MIN),
        Check(
            f"records/s, of a source with a loader of raw JSON, {of}",
            ours.rate / fastest_loaded_for,
            LOADED_FOR_SPEED_MIN,
        ),
        Check(f"peak memory, of the leanest that loads PostgreSQL, {of}", ours.peak_bytes / leanest, 1.0, at_most=True),
        Check(f"rows written by an unchanged read, {of}", ours.rewritten, 0, at_most=True),
    ]
