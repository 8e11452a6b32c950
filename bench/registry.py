"""Which benchmarks there are, and the form in which each says what it found. Must not measure anything itself."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.table import Table

BENCHMARKS: Final = ("sync", "edits", "reads", "paging", "schedules", "write_latency", "waiting", "writes", "budget")
"""Modules of this package in the order in which they run, each with `run() -> list[Check]`, which prints its tables."""


@dataclass(frozen=True)
class Check:
    """One measured figure beside the one that is promised: a ratio within the same run wherever there is a neighbour
    to measure against, else a count."""

    what: str
    measured: float
    promised: float
    at_most: bool = False
    """Whether the promise is a ceiling; else it is a floor."""

    @property
    def is_kept(self) -> bool:
        """Whether the promise is kept. A figure that is no number keeps none."""
        return self.measured <= self.promised if self.at_most else self.measured >= self.promised


def unknown(names: Sequence[str]) -> list[str]:
    """Those of the names that are no benchmark's."""
    return [name for name in names if name not in BENCHMARKS]


def run(name: str) -> list[Check]:
    """Run one benchmark. Raises what it raises, also for a module that cannot be imported."""
    checks: list[Check] = importlib.import_module(f"bench.{name}").run()
    return checks


def summary(found: Sequence[tuple[str, Check]]) -> Table:
    """What was measured beside what is promised, a row for each check."""
    table = Table("benchmark", "", title="Promises")
    for column in ("measured", "promised"):
        table.add_column(column, justify="right")
    table.add_column("")
    for name, check in found:
        promised = f"{'≤' if check.at_most else '≥'} {check.promised:,.5g}"
        verdict = "[green]kept[/]" if check.is_kept else "[red]missed[/]"
        table.add_row(name, check.what, f"{check.measured:,.5g}", promised, verdict)
    return table
