"""Programs that use official libraries in environments of their own. They are told what to do and print what they saw."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OLD_ENVIRONMENT = HERE.parents[1] / ".venv-old-sdk" / "bin"
TYPESCRIPT = HERE / "typescript"
TIMEOUT_S = 100
"""These libraries repeat what fails for up to an hour."""
SHOWN_CHARACTERS = 6_000


def old_python(program: str, url: str, key: str, work: Any = None) -> Any:
    """Run `old/<program>.py` with the old Python libraries; what it printed."""
    return _run([str(OLD_ENVIRONMENT / "python"), str(HERE / "old" / f"{program}.py")], url, key, work)


def typescript(program: str, url: str, key: str, work: Any = None) -> Any:
    """Run `typescript/src/<program>.ts` with the npm libraries; what it printed."""
    return _run([_node(), "--import", "tsx", str(TYPESCRIPT / "src" / f"{program}.ts")], url, key, work)


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


def _run(arguments: list[str], url: str, key: str, work: Any) -> Any:
    ran = subprocess.run(
        [*arguments, url, key],
        cwd=TYPESCRIPT,
        env={**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
        input=json.dumps(work),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-SHOWN_CHARACTERS:]
    return json.loads(ran.stdout)
