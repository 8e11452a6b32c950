"""The README's examples do what they say: every comment is what the command prints."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import bookbridge.emulators.xero
from tests.emulators.xero.world import World

README = Path(bookbridge.emulators.xero.__file__).with_name("README.md")
_DEADLINE_S = 60


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples use curl")
def test_the_examples_print_what_they_say(world: World) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) == 2
    ran = subprocess.run(
        ["bash", "-eu", "-c", "\n".join(blocks)],
        env={"BASE": world.base_url, "PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=_DEADLINE_S,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    organisation, printed = ran.stdout.split("}]}", 1)
    assert '"Name":"Fernhollow Studio Ltd"' in organisation
    promised = re.findall(r"  # (.+)$", blocks[1], re.MULTILINE)
    assert printed.split() == " ".join(promised).split()
    assert "Never There" not in {contact.name for contact in next(iter(world.emulator.books.values())).contacts}
