"""Requests that wait for their writes are killed with all else; asked again with their keys, each is written once."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx2

from tests.e2e.installation import DEADLINE_S, Installation
from tests.emulators.xero.world import World

WRITES = 10
ANSWER_AFTER_S = 0.6
KILL_WITHIN_S = 2.0
UNDECIDED = {409, 424, 429, 503}
"""Statuses that tell the caller to ask again with the same key."""


def written(installation: Installation, path: str, name: str) -> dict[str, Any]:
    """What an application does: ask with one key until there is an answer."""
    key = str(uuid4())
    deadline = time.monotonic() + DEADLINE_S * 2
    while True:
        assert time.monotonic() < deadline, f"no answer for {name}"
        try:
            answer = httpx2.post(
                installation.url + path,
                json={"supplierName": name, "status": "Active"},
                headers={"Authorization": installation.authorization, "Idempotency-Key": key},
                timeout=DEADLINE_S,
            )
        except httpx2.HTTPError:
            time.sleep(0.1)
            continue
        if answer.status_code not in UNDECIDED:
            assert answer.status_code == 201, answer.text
            found: dict[str, Any] = answer.json()
            return found
        time.sleep(0.2)


def test_requests_that_are_killed_write_once(installation: Installation, world: World) -> None:
    organisation = installation.organisation("Killed Ltd")
    company = installation.company()
    connection = installation.linked(company, organisation)
    installation.wait_for_reads(company)
    path = f"/companies/{company}/connections/{connection}/payables/suppliers"
    names = [f"KILLED-{number}" for number in range(WRITES)]
    world.fault(kind="slow", delay_s=ANSWER_AFTER_S, times=None, match={"method": "PUT", "path": "Contacts"})
    dice = random.Random(20_260_702)
    with ThreadPoolExecutor(WRITES) as callers:
        asking = [callers.submit(written, installation, path, name) for name in names]
        time.sleep(dice.uniform(0.5, KILL_WITHIN_S))
        installation.kill()
        assert not all(one.done() for one in asking), "the kill came too late to prove anything"
        installation.start()
        made = {one.result()["supplierName"]: one.result()["id"] for one in asking}
    assert set(made) == set(names)
    ledger = world.emulator.books[organisation].contacts
    counted = Counter(contact.name for contact in ledger if contact.name.startswith("KILLED-"))
    assert counted == dict.fromkeys(names, 1)
    assert {contact.name: contact.contact_id for contact in ledger if contact.name in made} == made
