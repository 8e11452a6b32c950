"""Which cores a benchmark uses: two for what is measured, and the others for those who are other people's machines.

What a thread takes, its later threads and processes inherit; those that run already keep theirs. Where a machine has no
more than two, or the system cannot tell, all share what there is.
"""

from __future__ import annotations

import os
from typing import Final

OURS_MAX: Final = 2

_ALL = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []


def take_ours() -> None:
    """From now on this thread runs on the cores of what is measured."""
    _take(_ALL[:OURS_MAX])


def take_others() -> None:
    """From now on this thread runs on the cores of everybody else."""
    _take(_ALL[OURS_MAX:] or _ALL)


def _take(cores: list[int]) -> None:
    if cores:
        os.sched_setaffinity(0, cores)
