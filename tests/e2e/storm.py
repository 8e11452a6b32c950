"""Writes of every kind to many companies at once, while workers are killed and answers are lost, and what the ledger
holds of each in the end. For the test of it and for the benchmark."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from tests.e2e.installation import Installation, until
from tests.e2e.mixed_writes import KINDS, Kind, Round
from tests.emulators.xero.world import World

DROPS: Final = ("drop_before", "drop_after", "drop_after", "server_error")
"""Answers that say nothing: the effect is there after some of them, and not after others."""

WRITES_PER_DROP: Final = 12
PAUSE_S: Final = (0.0, 0.1)
VENDOR_TAKES_S: Final = 0.02
END_WITHIN_S: Final = 600.0
PAGE_SIZE: Final = 2_000


@dataclass(frozen=True)
class Target:
    """A linked company, and what its writes name."""

    organisation: str
    company: str
    connection: str
    accounts: tuple[str, str, str, str]


@dataclass(frozen=True)
class Report:
    """What was asked for, what happened meanwhile, and what is wrong in the end."""

    writes: int
    kills: int
    drops: int
    not_once: list[str]
    """Writes that the ledger holds twice or not at all though it took them, or at all though it refused them."""
    untrue: list[str]
    """Operations that say something else than the ledger."""
    took_s: float


def target(installation: Installation, name: str) -> Target:
    """A new organisation, linked and read to its end."""
    organisation = installation.organisation(name)
    company = installation.company(name)
    connection = installation.linked(company, organisation)
    installation.wait_for_reads(company)

    def account(data_type: str, query: str) -> str:
        path = f"/companies/{company}/connections/{connection}/data/{data_type}"
        path = path if data_type == "bankAccounts" else f"/companies/{company}/data/{data_type}"
        rows = installation.call("GET", path, params={"pageSize": 1, "query": query})["results"]
        found: str = rows[0]["id"]
        return found

    bank, savings = (account("bankAccounts", f"nominalCode={code}") for code in ("090", "091"))
    expense, income = (account("accounts", f"nominalCode={code}") for code in ("429", "200"))
    return Target(organisation, company, connection, (expense, income, bank, savings))


class Storm:
    """Rounds of writes to several companies, and what befalls them."""

    def __init__(self, installation: Installation, world: World, dice: random.Random) -> None:
        self._installation = installation
        self._world = world
        self._dice = dice
        self._rounds: list[tuple[Target, Round]] = []

    def run(self, targets: Sequence[Target], *, rounds: int, kills: int) -> Report:
        """Hand in the rounds, kill workers as the ledger fills, and see what it holds in the end."""
        began = time.monotonic()
        self._world.fault(kind="slow", delay_s=VENDOR_TAKES_S, times=None, match={"path": "api.xro"})
        struck = self._dropped()
        with ThreadPoolExecutor(len(targets)) as callers:
            handing_in = [callers.submit(self._hand_in, one, place, rounds) for place, one in enumerate(targets)]
            self._disturb(targets, handing_in, len(targets) * rounds * len(KINDS), kills)
            for one in handing_in:
                one.result()
        drops = self._dropped() - struck
        self._world.control("DELETE", "faults")
        until(lambda: self._is_done(targets), "the end of all writes", within_s=END_WITHIN_S)
        not_once, untrue = self._compared(targets)
        writes = len(self._rounds) * len(KINDS)
        return Report(writes, kills, drops, not_once, untrue, time.monotonic() - began)

    def _hand_in(self, at: Target, place: int, rounds: int) -> None:
        for number in range(rounds):
            unique = place * rounds + number
            mark = f"MIX-{unique}"
            written = Round(mark, unique, *at.accounts)
            for kind in KINDS:
                written.keys[kind.name] = self._ask(at, kind, written)
            self._rounds.append((at, written))

    def _ask(self, at: Target, kind: Kind, written: Round) -> str:
        path = f"/companies/{at.company}/connections/{at.connection}/push/{kind.segment}"
        body = kind.body(written)
        if kind.effect == "PUT Attachments":
            path = f"{path}/{written.keys[kind.of]}/attachments"
            answer = self._installation.call("POST", path, files={"file": (body, b"scan", "text/plain")})
        elif kind.of:
            answer = self._installation.call(kind.method, f"{path}/{written.keys[kind.of]}", body)
        else:
            answer = self._installation.call(kind.method, path, body)
        if answer["status"] != "Pending" and not kind.is_refused:
            raise AssertionError(f"{kind.name}: {answer['validation']}")
        key: str = answer["pushOperationKey"]
        return key

    def _disturb(self, targets: Sequence[Target], handing_in: Sequence[Future[None]], writes: int, kills: int) -> None:
        """Kill workers and lose answers, each when the ledger has taken so and so many writes."""
        due = [(self._dice.uniform(0.02, 0.85) * writes, self._installation.kill_worker) for _ in range(kills)]
        due += [(self._dice.uniform(0.0, 0.9) * writes, self._lose_an_answer) for _ in range(writes // WRITES_PER_DROP)]
        due.sort(key=lambda one: one[0], reverse=True)
        deadline = time.monotonic() + END_WITHIN_S
        while due:
            assert time.monotonic() < deadline, f"{self._taken(targets)} of {writes} within {END_WITHIN_S:.0f} s"
            for one in handing_in:
                if one.done():
                    one.result()
            while due and self._taken(targets) >= due[-1][0]:
                due.pop()[1]()
            time.sleep(self._dice.uniform(*PAUSE_S))

    def _lose_an_answer(self) -> None:
        method = self._dice.choice(("PUT", "PUT", "PUT", "POST"))
        self._world.fault(kind=self._dice.choice(DROPS), times=1, match={"method": method, "path": "api.xro"})

    def _taken(self, targets: Sequence[Target]) -> int:
        return sum(sum(self._world.emulator.books[one.organisation].effects.values()) for one in targets)

    def _dropped(self) -> int:
        struck = self._world.control("GET", "counters")["faults_struck"]
        return sum(struck.get(kind, 0) for kind in set(DROPS))

    def _is_done(self, targets: Sequence[Target]) -> bool:
        params = {"query": "status=Pending", "pageSize": 1}
        return not any(
            self._installation.call("GET", f"/companies/{one.company}/push", params=params)["totalResults"]
            for one in targets
        )

    def _compared(self, targets: Sequence[Target]) -> tuple[list[str], list[str]]:
        """What the ledger holds beside what was asked for, and beside what the operations say."""
        not_once, untrue = [], []
        for at in targets:
            book = self._world.emulator.books[at.organisation]
            statuses = self._statuses(at.company)
            rounds = [written for of, written in self._rounds if of is at]
            expected: Counter[str] = Counter()
            for kind in KINDS:
                held = Counter(kind.shown(book))
                expected[kind.effect] += 0 if kind.is_refused else len(rounds)
                for written in rounds:
                    landed = 0 if kind.is_refused else held[written.named(kind.name)]
                    status = statuses[written.keys[kind.name]]
                    if landed != (0 if kind.is_refused else 1):
                        not_once.append(f"{written.named(kind.name)}: {landed} times, {status}")
                    if (status == "Success") != bool(landed):
                        untrue.append(f"{written.named(kind.name)}: {status}, {landed} times in the ledger")
            effects = {name: count for name, count in book.effects.items() if name in expected}
            not_once += [
                f"{at.company}: {name} {effects.get(name, 0)} times, not {count}"
                for name, count in expected.items()
                if effects.get(name, 0) != count
            ]
        return not_once, untrue

    def _statuses(self, company: str) -> dict[str, str]:
        found: dict[str, str] = {}
        page = 1
        while True:
            params = {"page": page, "pageSize": PAGE_SIZE}
            listed = self._installation.call("GET", f"/companies/{company}/push", params=params)
            found |= {one["pushOperationKey"]: one["status"] for one in listed["results"]}
            if len(found) >= listed["totalResults"]:
                return found
            page += 1
