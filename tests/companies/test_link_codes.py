from __future__ import annotations

from uuid import uuid4

from bookbridge.companies.link_codes import CodeVerdict, LinkCodes, LinkTarget
from bookbridge.companies.vault import Vault, new_key
from tests.companies.conftest import Clock, vault_of

TARGET = uuid4()


def test_a_code_is_good_for_a_day_and_for_its_target_only(codes: LinkCodes, clock: Clock) -> None:
    code = codes.issue(LinkTarget.CONNECTION, TARGET, 0)
    assert len(code) == 27
    assert codes.judge(LinkTarget.CONNECTION, TARGET, 0, code) is CodeVerdict.GOOD
    assert codes.judge(LinkTarget.COMPANY, TARGET, 0, code) is CodeVerdict.WRONG
    assert codes.judge(LinkTarget.CONNECTION, uuid4(), 0, code) is CodeVerdict.WRONG
    clock.now_s += 86_400 - 60
    assert codes.judge(LinkTarget.CONNECTION, TARGET, 0, code) is CodeVerdict.GOOD
    clock.now_s += 60
    assert codes.judge(LinkTarget.CONNECTION, TARGET, 0, code) is CodeVerdict.EXPIRED


def test_a_code_of_an_earlier_generation_was_used(codes: LinkCodes) -> None:
    code = codes.issue(LinkTarget.CONNECTION, TARGET, 3)
    assert codes.judge(LinkTarget.CONNECTION, TARGET, 4, code) is CodeVerdict.USED


def test_no_changed_code_is_good(codes: LinkCodes) -> None:
    code = codes.issue(LinkTarget.COMPANY, TARGET, 0)
    for place, letter in enumerate(code):
        changed = code[:place] + ("A" if letter != "A" else "B") + code[place + 1 :]
        verdict = codes.judge(LinkTarget.COMPANY, TARGET, 0, changed)
        # The last letter carries bits that no byte needs.
        assert verdict is CodeVerdict.WRONG or place == len(code) - 1
    for nonsense in ("", "é", "x" * 1000, code + code, code[:-1]):
        assert codes.judge(LinkTarget.COMPANY, TARGET, 0, nonsense) is CodeVerdict.WRONG


def test_codes_survive_a_new_active_key(vault: Vault, clock: Clock) -> None:
    code = LinkCodes(vault, clock).issue(LinkTarget.COMPANY, TARGET, 0)
    ring = Vault("k2", {"k2": vault_of(new_key("k2"))._keys["k2"], **vault._keys})
    assert LinkCodes(ring, clock).judge(LinkTarget.COMPANY, TARGET, 0, code) is CodeVerdict.GOOD
