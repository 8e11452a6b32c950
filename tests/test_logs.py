"""The log of a process, as a program that collects it reads it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import logging, structlog, sys
from bookbridge.logs import configure_logging
configure_logging("INFO", as_json=sys.argv[1] == "json")
log = structlog.get_logger("ours")
log.debug("unheard")
with structlog.contextvars.bound_contextvars(correlation_id="abc"):
    log.info("told", amount_s=1)
for say in (log.exception, logging.getLogger("asyncpg.pool").exception, logging.getLogger("uvicorn.error").exception):
    try:
        raise LookupError("deep")
    except LookupError:
        say("broken")
logging.getLogger("asyncpg.pool").info("unheard")
"""


def lines(form: str) -> list[str]:
    ended = subprocess.run([sys.executable, "-c", PROGRAM, form], capture_output=True, text=True, check=True)
    assert ended.stdout == ""
    return ended.stderr.splitlines()


def test_every_line_is_json_whoever_wrote_it() -> None:
    told, *broken = [json.loads(line) for line in lines("json")]
    assert {key: told[key] for key in ("event", "level", "amount_s", "correlation_id")} == {
        "event": "told",
        "level": "info",
        "amount_s": 1,
        "correlation_id": "abc",
    }
    assert told["timestamp"].endswith("Z")
    assert [line.get("logger") for line in broken] == [None, "asyncpg.pool", "uvicorn.error"]
    for line in broken:
        assert (line["event"], line["level"]) == ("broken", "error")
        assert "LookupError: deep" in line["exception"]


def test_people_see_the_stack() -> None:
    heard = lines("text")
    assert "told" in heard[0]
    assert sum(line == "LookupError: deep" for line in heard) == 3
    assert "unheard" not in "\n".join(heard)


def test_an_unknown_level_is_refused() -> None:
    from bookbridge.logs import configure_logging

    with pytest.raises(ValueError, match="unknown log level 'loud'"):
        configure_logging("loud", as_json=False)
