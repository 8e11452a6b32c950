"""`make bench`: every benchmark, on two cores, side by side. Names given as arguments run only those."""

from __future__ import annotations

import importlib
import os
import sys

from rich.console import Console

BENCHMARKS = ("sync", "reads", "paging")
CORES = 2

console = Console(width=110)


def main(names: list[str]) -> None:
    """Run the named benchmarks, or all."""
    if hasattr(os, "sched_setaffinity"):
        # Children inherit it: contenders, servers and PostgreSQL share the same two cores.
        os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:CORES]))
    for name in names or BENCHMARKS:
        console.rule(name)
        importlib.import_module(f"bench.{name}").run()


if __name__ == "__main__":
    main(sys.argv[1:])
