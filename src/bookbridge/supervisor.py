"""Child processes of `bookbridge up`: started with us, restarted when they die, ended with us even if we are killed.

It knows how to keep a process running, not what the process does.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

import structlog

log = structlog.get_logger(__name__)

RESTART_FIRST_S = 0.5
RESTART_MAX_S = 30.0
SOUND_AFTER_S = 60.0
"""A child that ran this long was in order: its next restart is not delayed by those before."""
STOP_S = 60.0
"""A worker lets its handlers end, and then a refresh of tokens under way: cut off, that may cost a connection."""
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """In the child before it becomes the program: Linux sends SIGTERM when our parent is gone, however it went."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One child process, kept running until `stop`."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self._arguments = arguments
        self._environment = {**os.environ, **environment}
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the process and keep it running. Raises OSError when the program cannot be run."""
        self._process = await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End the process: SIGTERM, and after STOP_S SIGKILL."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            log.warning("child_killed", name=self.name)
            self._process.kill()
            await self._process.wait()

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._arguments,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            # What children have to say goes to standard error; standard output is for the person at our terminal.
            stdout=asyncio.subprocess.DEVNULL,
            preexec_fn=_die_with_parent,
            # Its own group: Ctrl-C reaches us alone, and we stop it in order.
            start_new_session=True,
        )

    async def _keep(self) -> None:
        wait_s = RESTART_FIRST_S
        while True:
            if self._process is not None:
                started_s = time.monotonic()
                code = await self._process.wait()
                if time.monotonic() - started_s > SOUND_AFTER_S:
                    wait_s = RESTART_FIRST_S
                log.error("child_ended", name=self.name, code=code, restart_in_s=wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RESTART_MAX_S)
            try:
                self._process = await self._spawn()
            except (OSError, subprocess.SubprocessError) as error:
                # No memory or process to be had now; the next try may find some.
                self._process = None
                log.error("child_not_started", name=self.name, error=str(error), retry_in_s=wait_s)
