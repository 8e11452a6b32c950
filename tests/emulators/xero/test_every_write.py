"""What holds for every kind of write: the ledger proves it, its key replays it, a lost answer does not lose it,
and a restart keeps it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from bookbridge.emulators.xero import XeroEmulatorSettings
from bookbridge.emulators.xero.postings import imbalances
from tests.emulators.xero.every_write import Made, Step, element, play
from tests.emulators.xero.test_state import Caller, Process, process
from tests.emulators.xero.world import GENEROUS, Api, World, serve

__all__ = ["process"]

LISTS = (
    "Accounts", "Contacts", "Items", "TaxRates", "Currencies", "Invoices", "CreditNotes", "Overpayments",
    "Prepayments", "Payments", "BatchPayments", "BankTransactions", "BankTransfers", "ManualJournals",
    "PurchaseOrders",
)  # fmt: skip


def send(api: Api, step: Step, **headers: str) -> httpx2.Response:
    return api.call(step.method, step.path, step.body, headers=headers)


def answered(step: Step, response: httpx2.Response) -> dict[str, Any] | None:
    assert response.status_code in {200, 204}, (step, response.text)
    return None if step.method == "DELETE" else element(step, response.json())


def trial_balance(api: Api) -> tuple[str, str]:
    """Both sides of the trial balance, a day after the last posting."""
    report = api.ok("GET", "Reports/TrialBalance?date=2030-01-01")["Reports"][0]
    cells = report["Rows"][-1]["Rows"][0]["Cells"]
    return cells[3]["Value"], cells[4]["Value"]


def test_the_ledger_balances_after_each(api: Api) -> None:
    before = len(api.book.journals)
    steps: Counter[str] = Counter()

    def carry_out(step: Step) -> dict[str, Any] | None:
        found = answered(step, send(api, step))
        assert imbalances(api.book) == [], step
        debit, credit = trial_balance(api)
        assert debit == credit != "0.00", step
        steps[step.path.split("/")[0]] += 1
        return found

    made = play(carry_out)
    assert set(steps) == {*LISTS}
    added = [
        entry for offset in range(before, len(api.book.journals), 100) for entry in api.get(f"Journals?offset={offset}")
    ]
    assert all(sum(Decimal(str(line["NetAmount"])) for line in entry["JournalLines"]) == 0 for entry in added)
    sources = {entry["SourceType"] for entry in added}
    assert sources == {
        "ACCPAY", "ACCREC", "ACCPAYCREDIT", "ACCRECCREDIT", "ACCPAYPAYMENT", "ACCRECPAYMENT", "ARCREDITPAYMENT",
        "APCREDITPAYMENT", "CASHPAID", "CASHREC", "AROVERPAYMENT", "APOVERPAYMENT", "ARPREPAYMENT", "APPREPAYMENT",
        "TRANSFER", "MANJOURNAL",
    }  # fmt: skip
    undone = [made[name] for name in ("wrong", "payment", "RECEIVE", "transfer", "journal")]
    for record in undone:
        ids = {value for key, value in record.items() if key.endswith("ID")}
        moved: Counter[str] = Counter()
        for entry in added:
            if entry["SourceID"] in ids:
                for line in entry["JournalLines"]:
                    moved[line["AccountID"]] += Decimal(str(line["NetAmount"]))
        assert moved
        assert not any(moved.values()), "what was undone is reversed to nothing"


def test_each_is_replayed_under_its_key(world: World, api: Api) -> None:
    number = 0

    def twice(step: Step) -> dict[str, Any] | None:
        nonlocal number
        number += 1
        key = {"idempotency-key": f"write-{number}"}
        first, second = send(api, step, **key), send(api, step, **key)
        assert (first.content, second.headers["x-emulator-replayed"]) == (second.content, "true"), step
        return answered(step, first)

    play(twice)
    assert world.control("GET", "counters")["idempotent_replays"] == number
    assert imbalances(api.book) == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_each_survives_a_lost_answer(world: World, api: Api, kind: str) -> None:
    number = 0

    def lose(step: Step) -> dict[str, Any] | None:
        nonlocal number
        number += 1
        effects = sum(api.book.effects.values())
        world.fault(kind=kind, match={"method": step.method})
        with pytest.raises(httpx2.TransportError):
            send(api, step, **{"idempotency-key": f"lost-{number}"})
        assert sum(api.book.effects.values()) - effects == (kind == "drop_after"), step
        found = answered(step, send(api, step, **{"idempotency-key": f"lost-{number}"}))
        assert sum(api.book.effects.values()) - effects == 1, step
        return found

    play(lose)
    assert imbalances(api.book) == []


@pytest.mark.parametrize("fault", ["rate_limit", "server_error", "unavailable", "html"])
def test_none_happens_under_a_refusing_fault(world: World, api: Api, fault: str) -> None:
    def refuse(step: Step) -> dict[str, Any] | None:
        effects, journals = sum(api.book.effects.values()), len(api.book.journals)
        world.fault(kind=fault, match={"method": step.method})
        assert send(api, step).status_code >= 429, step
        assert (sum(api.book.effects.values()), len(api.book.journals)) == (effects, journals), step
        return answered(step, send(api, step))

    play(refuse)


def test_all_of_it_survives_a_kill(process: Process) -> None:
    caller = Caller(process.url)

    def call(step: Step) -> dict[str, Any] | None:
        # A DELETE has no body at all, rather than null.
        content = None if step.body is None else json.dumps(step.body).encode()
        headers = {"content-type": "application/json"}
        return answered(step, caller.call(step.method, step.path, content=content, headers=headers))

    def everything() -> dict[str, Any]:
        journals = [
            caller.call("GET", f"Journals?offset={offset}").json()["Journals"] for offset in range(0, 2000, 100)
        ]
        return {name: caller.all(name) for name in LISTS} | {"Journals": journals}

    play(call)
    before = everything()
    assert before["Journals"][-1] == [], "all of them were read"
    for _ in range(2):
        process.kill_and_start()
        assert everything() == before
        assert caller.world.control("GET", f"organisations/{caller.tenant}/balance") == {"problems": []}


def test_every_record_written_can_be_found_again(api: Api) -> None:
    moment = "2026-07-01T00:00:00"
    written: dict[str, dict[str, Any]] = {}

    def remember(step: Step) -> dict[str, Any] | None:
        found = answered(step, send(api, step))
        if found is not None and "/" not in step.path:
            written[step.path] = found
        return found

    play(remember)
    unstamped = {"TaxRates", "Currencies"}
    for name, record in written.items():
        if name in unstamped:
            continue
        id_name = f"{name[:-1]}ID" if name != "Accounts" else "AccountID"
        ids = {entry[id_name] for entry in api.get(name, headers={"if-modified-since": moment})}
        if name == "Items":
            assert record[id_name] not in ids, "it was deleted for good"
            continue
        assert record[id_name] in ids, name
        by_id = api.get(f'{name}?where={id_name}==guid("{record[id_name]}")')
        assert [entry[id_name] for entry in by_id] == [record[id_name]], name
        assert [entry[id_name] for entry in api.get(f"{name}?IDs={record[id_name]}")] == [record[id_name]], name


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ('Invoices?where=Type=="ACCREC" AND Reference=="PO 7"', ["sale"]),
        ('Invoices?where=Contact.Name=="Heron Supplies"&Statuses=VOIDED', ["wrong"]),
        ('CreditNotes?where=Reference.Contains("eturned") AND Date==DateTime(2026,6,10)', ["credit"]),
        ('Payments?where=Status=="DELETED" AND Amount==15', ["payment"]),
        ('BatchPayments?where=Status=="DELETED" AND TotalAmount==20', ["batch"]),
        ('BankTransactions?where=Type=="SPEND" AND Total==240', ["SPEND"]),
        ('BankTransactions?where=Type=="RECEIVE-TRANSFER" AND Date==DateTime(2026,6,10)&Statuses=DELETED', []),
        ('BankTransfers?where=Reference=="Save" AND Status=="DELETED"', ["transfer"]),
        ('ManualJournals?where=Narration=="Accrual, June" AND Status=="VOIDED"', ["journal"]),
        ('PurchaseOrders?where=Status=="BILLED" AND Date==DateTime(2026,6,10)', ["order"]),
        ("Contacts?searchTerm=dunlin", ["contact"]),
        ('Accounts?where=Name=="Fruit"', ["account"]),
    ],
)
def test_filters_over_what_was_written(
    told: tuple[Api, dict[str, dict[str, Any]]], path: str, names: list[str]
) -> None:
    api, made = told
    name = path.split("?")[0]
    id_name = f"{name[:-1]}ID"
    found = [entry[id_name] for entry in api.get(path)]
    expected = [made[name][id_name] for name in names]
    if not names:
        expected = [api.get(f"BankTransfers/{made['transfer']['BankTransferID']}")[0]["ToBankTransactionID"]]
    assert found == expected


@pytest.fixture(scope="module")
def told() -> Iterator[tuple[Api, Made]]:
    """An organisation in which every write has been made."""
    with serve(XeroEmulatorSettings(limits=GENEROUS)) as world:
        api = world.session()
        yield api, play(lambda step: answered(step, send(api, step)))
