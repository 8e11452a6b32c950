"""What the command line says to an operator who gets something wrong, before anything is started or changed."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

TIME_LIMIT_S = 60.0
PASSWORD = "correct-horse-battery"


def bookbridge(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run the command; its exit status, and what it says in one line."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOOKBRIDGE_", "COVERAGE"))}
    ended = subprocess.run(
        [sys.executable, "-m", "bookbridge", *arguments],
        env={**kept, "NO_COLOR": "1", "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_S,
        check=False,
    )
    return ended.returncode, " ".join((ended.stdout + ended.stderr).split())


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PORT": "abc"}, "BOOKBRIDGE_PORT: Input should be a valid integer"),
        ({"PORT": "70000"}, "BOOKBRIDGE_PORT: Input should be less than or equal to 65535"),
        ({"BASE_URL": "books.example.com"}, "BOOKBRIDGE_BASE_URL: Input should be a valid URL"),
        ({"LOG_LEVEL": "loud"}, "unknown log level 'loud'"),
        ({"VENDORS__GBOL__CLIENT_ID": "a"}, "BOOKBRIDGE_VENDORS__GBOL: Value error, client_id and client_secret go"),
        ({"VENDORS__GBOL__ENDPOINTS__API": "http://a"}, "endpoints need a client_id"),
        ({"VENDORS__XERO__OPTIONS__PAGE_SIZE": "1"}, "BOOKBRIDGE_VENDORS__XERO: no platform with a connector has"),
        ({"VENDORS__GBOL__OPTIONS__PAGESIZE": "1"}, "BOOKBRIDGE_VENDORS__GBOL__OPTIONS__PAGESIZE: there is no such"),
        ({"VENDORS__GBOL__OPTIONS__PAGE_SIZE": "all"}, "must be a whole number from 1 to 1000"),
        ({"VENDORS__GBOL__OPTIONS__LINE_ACCOUNT": "name"}, "must be one of id, code"),
        ({"VENDORS__GBOL__OPTIONS__CALLS_PER_60_S": "-1"}, "must be a whole number from 0 to 1000000"),
        (
            {
                "VENDORS__GBOL__CLIENT_ID": "a",
                "VENDORS__GBOL__CLIENT_SECRET": "b",
                "VENDORS__GBOL__ENDPOINTS__TOKENS": "c",
            },
            "BOOKBRIDGE_VENDORS__GBOL__ENDPOINTS__TOKENS: there is no such endpoint; there are authorize, token",
        ),
        ({"DATABASE_URL": "mysql://a/b"}, "scheme is expected to be"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_a_wrong_setting_is_named(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    # A database that nobody serves: a setting that is let through would be told apart by another message.
    given = {"BOOKBRIDGE_DATABASE_URL": "postgresql://u@127.0.0.1:1/x", "BOOKBRIDGE_DATA_DIR": str(tmp_path)}
    named = {f"BOOKBRIDGE_{name}": value for name, value in environment.items()}
    status, heard = bookbridge("up", **{**given, **named})
    assert status == 1
    assert said in heard
    assert "Bookbridge could not start" in heard
    assert "Traceback" not in heard


def test_a_database_that_is_not_there_is_named_without_its_password(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    address = f"postgresql://keeper:{PASSWORD}@127.0.0.1:{port}/books"
    status, heard = bookbridge("up", "--data-dir", str(tmp_path), "--database-url", address)
    assert status == 1
    assert f"PostgreSQL at 127.0.0.1:{port} cannot be reached" in heard
    assert PASSWORD not in heard
    assert list(tmp_path.iterdir()) == []


def test_misspelt_settings_are_told_of(tmp_path: Path) -> None:
    environment = {"BOOKBRIDGE_DATABASE": "x", "BOOKBRIDGE_VENDOR__GBOL__CLIENT_ID": "y", "BOOKBRIDGE_PORT": "8400"}
    _, heard = bookbridge(
        "up", "--data-dir", str(tmp_path), "--database-url", "postgresql://127.0.0.1:1/x", **environment
    )
    assert re.search(r"settings_unknown .*BOOKBRIDGE_DATABASE', 'BOOKBRIDGE_VENDOR__GBOL__CLIENT_ID'\]", heard)


def test_an_open_address_without_a_public_one_is_told_of(tmp_path: Path) -> None:
    nowhere = ("up", "--data-dir", str(tmp_path), "--database-url", "postgresql://127.0.0.1:1/x")
    assert "base_url_not_set" in bookbridge(*nowhere, "--host", "0.0.0.0")[1]
    assert "base_url_not_set" not in bookbridge(*nowhere, "--host", "127.0.0.1")[1]
    assert "base_url_not_set" not in bookbridge(*nowhere, "--host", "0.0.0.0", "--role", "worker")[1]
    public = {"BOOKBRIDGE_BASE_URL": "https://books.example.com"}
    assert "base_url_not_set" not in bookbridge(*nowhere, "--host", "0.0.0.0", **public)[1]


def test_help_and_version() -> None:
    assert bookbridge("--version") == (0, version("bookbridge"))
    status, heard = bookbridge("--help")
    assert status == 0
    assert "rotate-secret-key" in heard
    for command in ("up", "rotate-secret-key"):
        status, heard = bookbridge(command, "--help")
        assert status == 0
        assert "--data-dir" in heard
