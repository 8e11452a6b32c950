"""What the operator's manual states in tables, held against the code."""

from __future__ import annotations

import importlib
import re
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from bookbridge.settings import Settings, default_data_dir, variable

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "operating.md").read_text()
SOURCE = ROOT / "src" / "bookbridge"


def rows(heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, without its head."""
    section = MANUAL.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_setting_stands_there_with_its_default() -> None:
    told = {row[0]: row[1] for row in rows("Settings")}
    assert set(told) == {variable(name) for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if name == "data_dir":
            assert Path(told[variable(name)]).expanduser() in {
                default_data_dir(),
                Path.home() / ".local/share/bookbridge",
            }
        elif default is None or default == "":
            assert told[variable(name)] == "", name
        else:
            assert not isinstance(default, SecretStr)
            assert told[variable(name)] == str(default).replace("True", "true").replace("False", "false"), name


def test_every_event_is_logged_somewhere() -> None:
    source = "\n".join(path.read_text() for path in SOURCE.rglob("*.py"))
    logged = set(re.findall(r'log\.(?:info|warning|error|exception)\(\s*"([\w.]+)"', source))
    told = {row[0] for row in rows("Is it well?")}
    assert len(told) > 20
    assert told <= logged, told - logged
    loud = set(re.findall(r'log\.(?:error)\(\s*"([\w.]+)"', source))
    # What an operator is alarmed by is explained, or comes with its stack and the word to report it.
    assert {"child_ended", "database_unreachable", "request_failed", "push_broke"} <= loud & told


def test_limits_are_those_of_the_code() -> None:
    told = rows("Limits")
    assert len(told) > 15
    for place, value, _ in told:
        module, name = place.rsplit(".", 1)
        found = getattr(importlib.import_module(module), name)
        shown = f"{found.days} days" if isinstance(found, timedelta) and found.days else str(found)
        assert value == shown, place


def test_what_it_names_exists() -> None:
    for name in re.findall(r"`(tests/[\w/.]+)`", MANUAL):
        assert (ROOT / name).is_file(), name
