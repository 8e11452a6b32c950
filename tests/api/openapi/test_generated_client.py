"""A client generated from the document by somebody else's generator works against the running API, unchanged."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bookbridge.api.openapi.document import document_text
from tests.api.conftest import KEY, Api
from tests.api.test_records import store_bills

HERE = Path(__file__).parent
PACKAGE = "bookbridge_client"
GENERATING_S = 100.0
RUNNING_S = 60.0


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds the generated package."""
    folder = tmp_path_factory.mktemp("generated")
    document = folder / "openapi.json"
    document.write_text(document_text())
    command = [
        *(sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"),
        *("--path", str(document), "--config", str(HERE / "generator.yml"), "--output-path", str(folder / PACKAGE)),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=GENERATING_S, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


async def test_an_application_on_a_generated_client(api: Api, generated: Path) -> None:
    company = await api.company()
    connection = await api.linked(company)
    await store_bills(api, company, connection, 40)
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, str(HERE / "client_program.py"), api.url, KEY, company, connection),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(generated)},
    )
    try:
        async with asyncio.timeout(RUNNING_S):
            out, complaints = await program.communicate()
    finally:
        if program.returncode is None:
            program.kill()
    assert program.returncode == 0, complaints.decode()
    assert json.loads(out) == {
        "created_once": True,
        "bills": [f"b-{number:04}" for number in range(19, 0, -2)],
        "total_bills": 20,
        "previous": f"/companies/{company}/data/bills?page=1&pageSize=10&query=status%3DOpen&orderBy=-totalAmount",
        "bill": ["b-0019", 19.0, "Open", False, "2026-01-05T09:00:00.0000000Z"],
        "missing": [True, 404],
        "refused": [True, 400],
        "option": "String",
        "pushed": ["Pending", 202, 5],
        "faulty": ["Failed", True],
        "looked_up": True,
        "attached": "Pending",
        "status": "Complete",
        "picture": "<svg",
    }
