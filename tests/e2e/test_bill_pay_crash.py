"""Requests that wait for their writes are killed with all else; asked again with their keys, each is written once."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
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


def written(installation: Installation, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What an application does: ask with one key until there is an answer."""
    key = str(uuid4())
    deadline = time.monotonic() + DEADLINE_S * 2
    while True:
        assert time.monotonic() < deadline, f"no answer for {body}"
        try:
            answer = httpx2.post(
                installation.url + path,
                json=body,
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


def killed_meanwhile(installation: Installation, asking: list[Future[dict[str, Any]]], dice: random.Random) -> None:
    """Kill everything at some moment before all have their answers, and start it again."""
    time.sleep(dice.uniform(0.5, KILL_WITHIN_S))
    installation.kill()
    assert not all(one.done() for one in asking), "the kill came too late to prove anything"
    installation.start()


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
        asking = [
            callers.submit(written, installation, path, {"supplierName": name, "status": "Active"}) for name in names
        ]
        killed_meanwhile(installation, asking, dice)
        made = {one.result()["supplierName"]: one.result()["id"] for one in asking}
    assert set(made) == set(names)
    ledger = world.emulator.books[organisation].contacts
    counted = Counter(contact.name for contact in ledger if contact.name.startswith("KILLED-"))
    assert counted == dict.fromkeys(names, 1)
    assert {contact.name: contact.contact_id for contact in ledger if contact.name in made} == made


def test_bills_are_paid_once_whatever_is_killed(installation: Installation, world: World) -> None:
    """Each payment is of less than half of its bill, so that the ledger would take it twice."""
    organisation = installation.organisation("Paid Once Ltd")
    company = installation.company()
    connection = installation.linked(company, organisation)
    installation.wait_for_reads(company)
    base = f"/companies/{company}/connections/{connection}/payables"
    options = installation.call("GET", f"{base}/mappingOptions/bills")
    account = next(one["id"] for one in options["accounts"] if one["type"] == "Expense")
    bank = next(
        one["id"]
        for one in installation.call("GET", f"{base}/mappingOptions/payments")["bankAccounts"]
        if one["currency"] == "GBP"
    )
    supplier = written(installation, f"{base}/suppliers", {"supplierName": "Once Ltd", "status": "Active"})["id"]
    lines = [{"description": "Panes", "unitAmount": 100, "accountRef": {"id": account}}]
    days = {"issueDate": "2026-06-01", "dueDate": "2026-07-01"}
    prototype = {"supplierRef": {"id": supplier}, "currency": "GBP", "status": "Open", "lineItems": lines, **days}
    bills = [written(installation, f"{base}/bills", prototype)["id"] for _ in range(WRITES)]
    world.fault(kind="slow", delay_s=ANSWER_AFTER_S, times=None, match={"method": "PUT", "path": "Payments"})
    payment = {"amount": 40, "date": "2026-06-15", "accountRef": {"id": bank}}
    with ThreadPoolExecutor(WRITES) as callers:
        paths = [f"{base}/bills/{bill}/payment" for bill in bills]
        asking = [callers.submit(written, installation, path, payment) for path in paths]
        killed_meanwhile(installation, asking, random.Random(20_261_121))
        made = {bill: one.result()["id"] for bill, one in zip(bills, asking, strict=True)}
    book = world.emulator.books[organisation]
    paid = [(one.invoice.invoice_id, one.payment_id, one.amount) for one in book.payments if one.invoice is not None]
    assert sorted(one for one in paid if one[0] in made) == sorted((bill, made[bill], 40) for bill in bills)
