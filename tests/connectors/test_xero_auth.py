"""Which organisations a consent opened, and what they are called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bookbridge.connectors.kit.session import Access
from bookbridge.connectors.xero.auth import identify, organisations
from tests.connectors.sandbox import Bearer, Sandbox, Tally


async def test_only_organisations_of_this_consent_are_offered(sandbox: Sandbox) -> None:
    earlier = await sandbox.add_organisation()
    first, second = await sandbox.add_organisation(), await sandbox.add_organisation()
    await sandbox.consent(earlier)
    token = await sandbox.consent(first, second)
    access = Access(http=sandbox.http, app=sandbox.app(), authorizer=Bearer(token), budget=Tally(), facts={})
    found = await organisations(access)
    assert {one.id for one in found} == {first, second}
    chosen = next(one for one in found if one.id == second)
    known = await identify(replace(access, facts=chosen.facts))
    assert known.id == second
    assert known.name.startswith("Organisation ")
    assert set(known.facts) == {"tenant_id", "connection_id", "base_currency", "short_code"}
    assert known.facts["base_currency"] == "GBP"


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.!!!.c", ""])
async def test_a_token_that_tells_nothing_hides_nothing(sandbox: Sandbox, token: str) -> None:
    tenant = await sandbox.add_organisation()
    real = await sandbox.consent(tenant)

    class Opaque(Bearer):
        async def credential(self, name: str) -> str | None:
            return token

    access = Access(http=sandbox.http, app=sandbox.app(), authorizer=Opaque(real), budget=Tally(), facts={})
    assert tenant in {one.id for one in await organisations(access)}
