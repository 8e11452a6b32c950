"""Programs that use official libraries in environments of their own: told what to do, they print what they saw."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OLD_ENVIRONMENT = HERE.parents[1] / ".venv-old-sdk" / "bin"
TYPESCRIPT = HERE / "typescript"
TIMEOUT_S = 100
"""These libraries repeat what fails for up to an hour."""
CALL_TIMEOUT_S = 30
SHOWN_CHARACTERS = 6_000


def old_python(program: str, url: str, key: str, work: Any = None) -> Any:
    """Run `old/<program>.py` with the old Python libraries; what it printed."""
    return _run(_old_python(program), url, key, work)


def typescript(program: str, url: str, key: str, work: Any = None) -> Any:
    """Run `typescript/src/<program>.ts` with the npm libraries; what it printed."""
    return _run(_typescript(program), url, key, work)


class Calls:
    """A running program that makes one call of a library after the other, as it is told."""

    def __init__(self, arguments: list[str], url: str, key: str) -> None:
        self._process = subprocess.Popen(
            [*arguments, url, key],
            cwd=TYPESCRIPT,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @classmethod
    def old_python(cls, url: str, key: str) -> Calls:
        """The old Python libraries."""
        return cls(_old_python("calls"), url, key)

    @classmethod
    def npm(cls, url: str, key: str) -> Calls:
        """The npm libraries."""
        return cls(_typescript("calls"), url, key)

    def answer(self, library: str, call: str, **told: Any) -> dict[str, Any]:
        """`{"result": …}`, or `{"error": …}` where the library raised."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"library": library, "call": call, **told}) + "\n")
        self._process.stdin.flush()
        impatience = threading.Timer(CALL_TIMEOUT_S, self._process.kill)
        impatience.start()
        try:
            line = self._process.stdout.readline()
        finally:
            impatience.cancel()
        assert line, f"{library} {call}: no answer within {CALL_TIMEOUT_S} s, or the program broke"
        found: dict[str, Any] = json.loads(line)
        return found

    def result(self, library: str, call: str, **told: Any) -> Any:
        """What the library gave back; it must not have raised."""
        found = self.answer(library, call, **told)
        assert "result" in found, f"{library} {call}: {found}"
        return found["result"]

    def error(self, library: str, call: str, **told: Any) -> dict[str, Any]:
        """What the library raised; it must have."""
        found = self.answer(library, call, **told)
        assert "error" in found, f"{library} {call}: {found}"
        error: dict[str, Any] = found["error"]
        return error

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.communicate()


def type_check() -> None:
    """The programs use the libraries' types rightly: a cast that hides a mistake would prove nothing."""
    arguments = [_node(), str(TYPESCRIPT / "node_modules/typescript/bin/tsc"), "--project", str(TYPESCRIPT)]
    ran = subprocess.run(arguments, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert ran.returncode == 0, ran.stdout[-SHOWN_CHARACTERS:]


def _node() -> str:
    """The machine's Node, or the one that `make test` installed because there is none."""
    own = OLD_ENVIRONMENT / "node"
    found = str(own) if own.exists() else shutil.which("node")
    assert found, "Node is missing; `make test` installs it"
    return found


def _old_python(program: str) -> list[str]:
    return [str(OLD_ENVIRONMENT / "python"), str(HERE / "old" / f"{program}.py")]


def _typescript(program: str) -> list[str]:
    return [_node(), "--import", "tsx", str(TYPESCRIPT / "src" / f"{program}.ts")]


def _environment() -> dict[str, str]:
    """The servers are on this machine: no proxy stands in between."""
    return {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def _run(arguments: list[str], url: str, key: str, work: Any) -> Any:
    ran = subprocess.run(
        [*arguments, url, key],
        cwd=TYPESCRIPT,
        env=_environment(),
        input=json.dumps(work),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-SHOWN_CHARACTERS:]
    return json.loads(ran.stdout)
