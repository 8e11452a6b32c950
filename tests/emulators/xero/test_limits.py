"""Call limits, their headers, and idempotent replay."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from bookbridge.emulators.xero import XeroEmulatorSettings
from bookbridge.emulators.xero.http import Request, Response
from bookbridge.emulators.xero.replays import Replays
from bookbridge.emulators.xero.settings import RateLimits
from tests.emulators.xero.world import Api, World, serve


def test_the_minute_limit_is_a_fixed_window() -> None:
    with serve(XeroEmulatorSettings()) as world:
        api = world.session()
        for used in range(1, 61):
            answer = api.call("GET", "Organisation")
            assert answer.status_code == 200
            assert answer.headers["x-minlimit-remaining"] == str(60 - used)
        assert answer.headers["x-daylimit-remaining"] == "4940"
        assert answer.headers["x-appminlimit-remaining"] == "9940"
        refused = api.call("GET", "Organisation")
        assert refused.status_code == 429
        assert refused.headers["x-rate-limit-problem"] == "minute"
        wait = int(refused.headers["retry-after"])
        assert 0 < wait <= 61
        world.control("POST", "clock", {"advance_s": wait})
        assert api.call("GET", "Organisation").status_code == 200
        counters = world.control("GET", "counters")
        assert counters["rate_limited"] == {"minute": 1}
        assert counters["rate_limited_total"] == 1


def test_day_and_app_limits() -> None:
    with serve(XeroEmulatorSettings(limits=RateLimits(tenant_per_day=1))) as world:
        api = world.session()
        api.ok("GET", "Organisation")
        refused = api.call("GET", "Organisation")
        assert refused.headers["x-rate-limit-problem"] == "day"
        assert int(refused.headers["retry-after"]) > 80_000
    with serve(XeroEmulatorSettings(limits=RateLimits(app_per_minute=1))) as world:
        api = world.session()
        api.ok("GET", "Organisation")
        assert api.call("GET", "Organisation").headers["x-rate-limit-problem"] == "appminute"


def test_five_calls_in_flight() -> None:
    with serve(XeroEmulatorSettings(latency_s=1.0)) as world:
        api = world.session()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: api.call("GET", "Organisation"), range(8)))
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) == 3
        assert {answer.headers["x-rate-limit-problem"] for answer in refused} == {"concurrent"}
        assert "retry-after" not in refused[0].headers
        assert world.control("GET", "counters")["most_in_flight"] == 5


def test_the_same_idempotency_key_replays_the_first_answer(world: World, api: Api) -> None:
    key = {"idempotency-key": "push-1"}
    first = api.call("PUT", "Contacts", {"Name": "Once Only"}, headers=key)
    second = api.call("PUT", "Contacts", {"Name": "Once Only"}, headers=key)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert api.errors("PUT", "Contacts", {"Name": "Once Only"}, headers={"idempotency-key": "push-2"})
    counters = world.control("GET", "counters")
    assert counters["effects"][api.tenant]["PUT Contacts"] == 1
    assert counters["idempotent_replays"] == 1
    entries = [r for r in world.control("GET", "requests")["requests"] if r["idempotency_key"] == "push-1"]
    assert [entry["replayed"] for entry in entries] == [False, True]


def test_a_refusal_is_replayed_too(api: Api) -> None:
    key = {"idempotency-key": "bad"}
    assert api.errors("PUT", "Contacts", {}, headers=key) == api.errors("PUT", "Contacts", {}, headers=key)
    assert api.call("PUT", "Contacts", {"Name": "Fine"}, headers={"idempotency-key": "x" * 129}).status_code == 400


def test_a_key_stands_for_one_request(world: World, api: Api) -> None:
    key = {"idempotency-key": "once"}
    made = api.call("PUT", "Contacts", {"Name": "One"}, headers=key)
    for method, path, body in (
        ("PUT", "Contacts", {"Name": "Two"}),
        ("POST", "Contacts", {"Name": "One"}),
        ("PUT", "Items", {"Name": "One"}),
        ("PUT", "Contacts?unitdp=4", {"Name": "One"}),
    ):
        refused = api.call(method, path, body, headers=key)
        assert (refused.status_code, refused.json()["ErrorNumber"]) == (400, 17)
    assert api.call("PUT", "Contacts", {"Name": "One"}, headers=key).content == made.content
    assert world.control("GET", "counters")["idempotent_replays"] == 1


def test_answers_kept_by_an_older_version_are_replayed() -> None:
    replays = Replays()
    replays.restore(OrderedDict({("app", "tenant", "key"): Response(status=200, body=b"made")}))
    request = Request(
        method="PUT", path="/x", segments=("x",), query={}, query_string="", headers={"idempotency-key": "key"}
    )
    found = replays.answer("app", "tenant", request)
    assert found is not None
    assert found.body == b"made"
