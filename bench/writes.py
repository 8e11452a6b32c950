"""A thousand writes of every kind while workers are killed and answers are lost: does the ledger hold each once, and
does every operation say what the ledger says?

An installation as shipped (real processes, a PostgreSQL of its own) and a vendor that drops connections before and
after the effect. The code is that of the small test of it. `python -m bench writes`.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table
from tests.e2e.installation import Installation
from tests.e2e.mixed_writes import KINDS
from tests.e2e.storm import Report, Storm, target
from tests.emulators.xero.world import GENEROUS, serve

from bench.registry import Check
from bookbridge.emulators.xero import XeroEmulatorSettings

ORGANISATIONS: Final = 5
ROUNDS: Final = 10
KILLS: Final = 6
DROPS_MIN: Final = 40
SEED: Final = 20_261_121
SHOWN: Final = 10


def run() -> list[Check]:
    """Print what happened and what is wrong in the end, if anything is."""
    with (
        tempfile.TemporaryDirectory(prefix="bookbridge-bench-") as directory,
        serve(XeroEmulatorSettings(limits=GENEROUS, refresh_grace_s=0)) as world,
    ):
        installation = Installation(Path(directory), world)
        installation.start()
        try:
            targets = [target(installation, f"Storm {number} Ltd") for number in range(ORGANISATIONS)]
            report = Storm(installation, world, random.Random(SEED)).run(targets, rounds=ROUNDS, kills=KILLS)
        finally:
            installation.stop()
    _print(report)
    return [
        Check("share of writes that the ledger holds as asked", 1 - len(report.not_once) / report.writes, 1.0),
        Check("operations that say something else than the ledger", len(report.untrue), 0, at_most=True),
        Check("workers killed meanwhile", report.kills, KILLS),
        Check("answers lost meanwhile", report.drops, DROPS_MIN),
    ]


def _print(report: Report) -> None:
    table = Table(title=f"{report.writes} writes of {len(KINDS)} kinds to {ORGANISATIONS} organisations")
    for column in ("killed workers", "lost answers", "not as asked", "untrue outcomes", "seconds"):
        table.add_column(column, justify="right")
    counts = (report.kills, report.drops, len(report.not_once), len(report.untrue))
    table.add_row(*map(str, counts), f"{report.took_s:.0f}")
    console = Console(width=110)
    console.print(table)
    for wrong in (report.not_once + report.untrue)[:SHOWN]:
        console.print(wrong)
