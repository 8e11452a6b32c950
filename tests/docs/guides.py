"""Runs a guide as a reader would: its bash and Python blocks, one after the other in one shell, against a running
installation. What Python shall know of the shell, the guide exports.

A block marked `text` is what the block before it prints. Other blocks are for reading only.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

DIRECTORY = Path(__file__).parents[2] / "docs" / "guides"
TIME_LIMIT_S = 120.0

_BLOCK = re.compile(r"^```(?P<kind>\w+)\n(?P<content>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass
class Step:
    """One block of commands, and what it prints if the guide says so."""

    commands: str
    printed: str | None = None


def steps_of(guide: Path) -> list[Step]:
    """The steps of a guide, in order."""
    found: list[Step] = []
    for block in _BLOCK.finditer(guide.read_text()):
        if block["kind"] == "bash":
            found.append(Step(block["content"]))
        elif block["kind"] == "python":
            found.append(Step(f"{shlex.quote(sys.executable)} - <<'END'\n{block['content']}END"))
        elif block["kind"] == "text":
            assert found, f"{guide.name} prints something before it does anything"
            found[-1].printed = block["content"]
    return found


def run(guide: Path, directory: Path, environment: dict[str, str]) -> None:
    """Run the guide in the directory. Every step must succeed and print what the guide says."""
    steps = steps_of(guide)
    mark = f"end-of-step-{uuid4().hex}"
    script = "set -euo pipefail\n" + "".join(f"{step.commands}\necho {mark}\n" for step in steps)
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_S,
        check=False,
    )
    outputs = ended.stdout.split(f"{mark}\n")
    for step, output in zip(steps, outputs, strict=False):
        if step.printed is not None:
            assert output == step.printed, f"{guide.name} prints {output!r} instead:\n{step.commands}\n{ended.stderr}"
    assert ended.returncode == 0, f"{guide.name} stops:\n{ended.stdout[-2000:]}\n{ended.stderr}"
    assert len(outputs) == len(steps) + 1
