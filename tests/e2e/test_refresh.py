"""Twenty callers when the access token has expired, at a vendor whose refresh tokens work exactly once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.e2e.installation import Installation, until
from tests.emulators.xero.world import World

CALLERS = 20
TOKEN_ANSWER_AFTER_S = 12.0


def test_twenty_callers_at_expiry_make_one_refresh(installation: Installation, world: World) -> None:
    tenant = installation.organisation("Refresh Ltd")
    company = installation.company()
    connection = installation.linked(company, tenant)
    installation.wait_for_reads(company)
    bill = installation.call("GET", f"/companies/{company}/data/bills?pageSize=1")["results"][0]["id"]
    path = f"/companies/{company}/connections/{connection}/data/bills/{bill}/attachments"
    tokens = world.control("GET", "requests")["requests"]
    before = sum(each["path"] == "/connect/token" for each in tokens)

    world.control("POST", "expire-tokens")
    world.fault(kind="slow", delay_s=TOKEN_ANSWER_AFTER_S, match={"path": "connect/token"}, times=None)
    # The API answers the callers, the worker reads: two processes that both need the token. One data type is enough,
    # and leaves the minute's calls to the callers.
    installation.call("POST", f"/companies/{company}/data/queue/bills")
    with ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(lambda _: installation.http.get(installation.url + path), range(CALLERS)))
    assert [answer.status_code for answer in answers] == [200] * CALLERS, answers[0].text
    until(lambda: set(installation.reads(company).values()) == {"Complete"}, "the reads")

    calls = [each for each in world.control("GET", "requests")["requests"] if each["path"] == "/connect/token"]
    assert len(calls) - before == 1
    shown = installation.call("GET", f"/companies/{company}/connections/{connection}")
    assert (shown["status"], shown.get("dataConnectionErrors")) == ("Linked", None)
