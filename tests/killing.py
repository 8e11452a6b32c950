"""Processes that are killed at random moments while they work, many in a row.

A program that calls `children` forks a child for each line on its standard input, and prints its process id: forking
after the imports makes a child cheap, so that a test can kill many. `killed` is the test's side.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog


def children(work: Callable[..., Coroutine[Any, Any, None]]) -> None:
    """Run `work` with the program's arguments in a child for each line on standard input, until that is closed. The
    last child is killed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries the killed
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # standard output is for process ids
    child = 0
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(work(*sys.argv[1:]))
            os._exit(0)
        print(child, flush=True)
    if child:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


async def killed(
    module: str,
    *arguments: str,
    is_unfinished: Callable[[], Awaitable[bool]],
    kills_max: int,
    life_s: tuple[float, float],
    deadline_s: float,
) -> int:
    """Let children of the module's program work one after the other, each for a random time, until nothing is left to
    do or `kills_max` were killed; returns how many were killed in the middle of it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    kills = 0
    async with asyncio.timeout(deadline_s):
        while kills < kills_max and await is_unfinished():
            process.stdin.write(b"\n")
            pid = int(await process.stdout.readline())
            await asyncio.sleep(random.uniform(*life_s))
            kills += await is_unfinished()
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.stdin.close()
        await process.wait()
    return kills
