"""What stands before routing, and the memory for keys: pure parts."""

from __future__ import annotations

from bookbridge.api.front import Addresses
from bookbridge.api.key_cache import ENTRIES_MAX, KEPT_S, KeyCache

ID = object()
ROUTES: list[list[object]] = [
    ["companies"],
    ["companies", ID],
    ["companies", ID, "dataStatus"],
    ["companies", ID, "data", "history"],
    ["companies", ID, "data", ID, ID],
    ["apiKeys", ID],
]


def test_literals_get_their_spelling_and_ids_keep_theirs() -> None:
    addresses = Addresses(ROUTES)
    for given, spelt in {
        "/Companies": "/companies",
        "/COMPANIES/DataStatus/DATASTATUS": "/companies/DataStatus/dataStatus",
        "/companies/A/data/History": "/companies/A/data/history",
        "/companies/A/Data/Bills/HISTORY": "/companies/A/data/Bills/HISTORY",
        "/apikeys/APIKEYS/": "/apiKeys/APIKEYS",
        "//companies//A": "/companies/A",
        "/elsewhere/Companies": "/elsewhere/Companies",
        "/companies/A/data/b/c/Data/dATA": "/companies/A/data/b/c/Data/dATA",
        "/": "/",
        "": "/",
    }.items():
        assert addresses.spelt(given) == spelt


def test_keys_are_forgotten() -> None:
    now_s = [0.0]
    cache = KeyCache(lambda: now_s[0])
    assert not cache.holds("a")
    cache.add("a")
    assert cache.holds("a")
    now_s[0] = KEPT_S + 0.01
    assert not cache.holds("a")
    cache.add("a")
    cache.forget_all()
    assert not cache.holds("a")
    for number in range(ENTRIES_MAX * 3):
        cache.add(f"key {number}")
    assert cache.holds(f"key {ENTRIES_MAX * 3 - 1}")
    assert "key 1" not in repr(vars(cache))
