"""Real processes killed at random points while they read and write: nothing is lost, nothing is done twice."""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass

from tests.e2e.conftest import BillOf, Receiver
from tests.e2e.installation import Installation, until
from tests.e2e.mixed_writes import KINDS
from tests.e2e.storm import WRITES_PER_DROP, Storm, target
from tests.emulators.xero.world import World

DOCUMENTS = 3_000
READERS = 3
WRITES = 40
WORKER_KILLS = 3
ANSWER_AFTER_S = 0.15
KILL_WITHIN_S = 1.2
RECEIVER_DOWN_FOR = 3


@dataclass(frozen=True)
class Work:
    """Reads of large books and a queue of writes, all under way."""

    installation: Installation
    world: World
    readers: dict[str, str]
    """Company by organisation."""
    writer: str
    writer_organisation: str
    operations: dict[str, str]
    """Key of the operation by reference of its bill."""

    def calls(self) -> int:
        """How many calls the vendor has had."""
        found: int = self.world.control("GET", "counters")["requests"]
        return found

    def wait_until_busy(self) -> None:
        """Until calls are made again: a kill is to hit work."""
        before = self.calls()
        until(lambda: self.calls() > before + 2 or self.is_done(), "work going on")

    def is_done(self) -> bool:
        pending = self.installation.call("GET", f"/companies/{self.writer}/push?query=status=Pending&pageSize=1")
        if pending["totalResults"]:
            return False
        return all(set(self.installation.reads(company).values()) == {"Complete"} for company in self.readers.values())

    def check(self) -> None:
        """Everything arrived, once."""
        until(self.is_done, "everything done")
        self.world.control("DELETE", "faults")
        for organisation, company in self.readers.items():
            book = self.world.emulator.books[organisation]
            bills = {invoice.invoice_id for invoice in book.invoices if invoice.type == "ACCPAY"}
            assert self.installation.total(company, "bills") == len(bills) == DOCUMENTS // 2
            assert self.installation.total(company, "suppliers") == len(book.contacts)
            for state in self.installation.call("GET", f"/companies/{company}/data/completeness")["results"]:
                assert state["completeness"] == "Complete", state
        for key in self.operations.values():
            operation = self.installation.outcome(self.writer, key)
            assert operation["status"] == "Success", operation["errorMessage"]
        book = self.world.emulator.books[self.writer_organisation]
        ledger = Counter(invoice.invoice_number for invoice in book.invoices)
        assert {reference: ledger[reference] for reference in self.operations} == dict.fromkeys(self.operations, 1)
        query = "reference~CRASH-"
        until(lambda: self.installation.total(self.writer, "bills", query) == WRITES, "the written bills")


def begin(installation: Installation, world: World, bill_of: BillOf) -> Work:
    """Start the reads and hand in the writes, at a vendor that takes its time."""
    target = installation.organisation("Written To Ltd")
    writer = installation.company()
    connection = installation.linked(writer, target)
    installation.wait_for_reads(writer)
    key = installation.push(writer, connection, "suppliers", {"supplierName": "Paper Ltd", "status": "Active"})
    supplier = installation.outcome(writer, key)["changes"][0]["recordRef"]["id"]
    query = "/data/accounts?pageSize=1&query=nominalCode=429"
    account = installation.call("GET", f"/companies/{writer}{query}")["results"][0]["id"]

    world.fault(kind="slow", delay_s=ANSWER_AFTER_S, times=None, match={"path": "api.xro"})
    readers = {}
    for number in range(READERS):
        organisation = installation.organisation(f"Large {number} Ltd", DOCUMENTS)
        readers[organisation] = installation.company()
        installation.linked(readers[organisation], organisation)
    references = [f"CRASH-{number}" for number in range(WRITES)]
    operations = {
        reference: installation.push(writer, connection, "bills", bill_of(supplier, account, reference))
        for reference in references
    }
    return Work(installation, world, readers, writer, target, operations)


def test_a_worker_killed_at_random_points(installation: Installation, world: World, bill_of: BillOf) -> None:
    work = begin(installation, world, bill_of)
    dice = random.Random(20_260_630)
    for kill in range(WORKER_KILLS):
        work.wait_until_busy()
        time.sleep(dice.uniform(0.0, KILL_WITHIN_S))
        assert not work.is_done(), f"kill {kill} came too late to prove anything"
        installation.kill_worker()
    work.check()


def test_everything_killed_at_once_and_started_again(installation: Installation, world: World, bill_of: BillOf) -> None:
    work = begin(installation, world, bill_of)
    work.wait_until_busy()
    time.sleep(random.Random(20_260_701).uniform(0.0, KILL_WITHIN_S))
    assert not work.is_done()
    installation.kill()
    installation.start()
    work.check()


def test_writes_of_every_kind_while_workers_die_and_answers_are_lost(installation: Installation, world: World) -> None:
    targets = [target(installation, f"Storm {number} Ltd") for number in range(2)]
    report = Storm(installation, world, random.Random(20_261_121)).run(targets, rounds=1, kills=1)
    assert report.writes == 2 * len(KINDS)
    assert (report.not_once, report.untrue) == ([], [])
    assert (report.kills, report.drops) == (1, report.writes // WRITES_PER_DROP)


def test_a_receiver_that_was_down_hears_everything(live: Installation, receiver: Receiver) -> None:
    receiver.is_down = True
    receiver.subscribe(live, "company.created", "connection.created", "connection.connected", "read.completed")
    companies = [live.company(f"Company {number}") for number in range(RECEIVER_DOWN_FOR)]
    organisation = live.organisation("Heard Later Ltd")
    live.linked(companies[0], organisation)
    until(lambda: receiver.refused >= 2, "an attempt that fails")
    receiver.is_down = False
    for company in companies:
        until(lambda company=company: receiver.of("company.created", company), "company.created")
    for event in ("connection.created", "connection.connected", "read.completed"):
        until(lambda event=event: receiver.of(event, companies[0]), event)
    assert not [event for event, times in Counter(event["id"] for event in receiver.events).items() if times > 1]
