"""`make bench`: every benchmark, on two cores, side by side. Names given as arguments run only those.

Ends with status 1 if a promise was missed or a benchmark came to no end; the others are run all the same.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Sequence

import structlog
from rich.console import Console

from bench import cores, registry
from bench.registry import Check

console = Console(width=110)


def main(names: Sequence[str]) -> int:
    """Run the named benchmarks, or all; the exit status."""
    if strangers := registry.unknown(names):
        console.print(f"No benchmark: {', '.join(strangers)}. There are {', '.join(registry.BENCHMARKS)}.")
        return 2
    cores.take_ours()  # children inherit them: contenders, servers and PostgreSQL share the same two
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    found: list[tuple[str, Check]] = []
    broken: list[str] = []
    for name in names or registry.BENCHMARKS:
        console.rule(name)
        started = time.monotonic()
        try:
            found += [(name, check) for check in registry.run(name)]
        except Exception:  # what it is does not matter here: the others still have something to say
            console.print_exception()
            broken.append(name)
        console.print(f"{name}: {time.monotonic() - started:.0f} s", style="dim")
    console.rule()
    console.print(registry.summary(found))
    if broken:
        console.print(f"[red]came to no end: {', '.join(broken)}[/]")
    return 1 if broken or not all(check.is_kept for _, check in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
