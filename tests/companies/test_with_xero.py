"""The link flow and the refresher against a whole vendor: the Xero connector and emulator, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qsl, urlsplit

import asyncpg
import httpx2
import pytest

from bookbridge.companies import clients, connections, unlinking
from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.link import Link
from bookbridge.companies.link_codes import LinkCodes
from bookbridge.companies.link_steps import Begun, Choose, Ended
from bookbridge.companies.sessions import Sessions
from bookbridge.companies.tokens import Tokens
from bookbridge.companies.vault import Vault
from bookbridge.companies.vendor_apps import VendorApps
from bookbridge.companies.views import Views
from bookbridge.connectors.kit.auth import OAuth2
from bookbridge.connectors.kit.errors import NeedsRelink, VendorUnavailable
from bookbridge.connectors.kit.session import VendorApp
from bookbridge.connectors.xero.manifest import CONNECTOR
from bookbridge.emulators.xero import XeroEmulatorSettings
from bookbridge.jobs.budgets import CallBudget
from tests.companies.conftest import FirstReads, code_of, events
from tests.emulators.xero.world import CLIENT_ID, CLIENT_SECRET, GENEROUS, World, serve

CALLERS = 20
TOKEN_ANSWER_AFTER_S = 1.5


@pytest.fixture(autouse=True)
def connectors() -> None:
    """The real ones."""


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """An emulator whose refresh tokens work once, unless the test's parameter says for how long after."""
    grace_s = getattr(request, "param", 0)
    with serve(XeroEmulatorSettings(limits=GENEROUS, refresh_grace_s=grace_s)) as running:
        yield running


@pytest.fixture
def views(codes: LinkCodes) -> Views:
    return Views("http://localhost:9", codes)


@pytest.fixture
def apps(world: World) -> VendorApps:
    url = world.base_url
    endpoints = {
        "authorize": f"{url}/identity/connect/authorize",
        "token": f"{url}/connect/token",
        "revoke": f"{url}/connect/revocation",
        "connections": f"{url}/connections",
        "api": f"{url}/api.xro/2.0",
    }
    return VendorApps({CONNECTOR.key: VendorApp(CLIENT_ID, CLIENT_SECRET, endpoints)})


@pytest.fixture
async def tokens(
    pool: asyncpg.Pool, vault: Vault, http: httpx2.AsyncClient, apps: VendorApps, views: Views
) -> AsyncIterator[Tokens]:
    made = Tokens(pool, vault, http, apps, views)
    yield made
    await made.aclose()


@pytest.fixture
def sessions(pool: asyncpg.Pool, http: httpx2.AsyncClient, apps: VendorApps, tokens: Tokens) -> Sessions:
    return Sessions(http, apps, tokens, CallBudget(pool))


@pytest.fixture
async def link(
    pool: asyncpg.Pool,
    vault: Vault,
    http: httpx2.AsyncClient,
    apps: VendorApps,
    views: Views,
    codes: LinkCodes,
    sessions: Sessions,
    first_reads: FirstReads,
) -> Link:
    await clients.ensure_client(pool, vault)
    return Link(pool, vault, http, views=views, codes=codes, apps=apps, sessions=sessions, on_linked=first_reads)


async def walk(world: World, link: Link, views: Views, connection: Connection, pick: int = 1) -> Ended:
    """Through the vendor's consent page, as a browser would."""
    code = code_of(views.connection(connection).link_url)
    begun = await link.begin(connection.company_id, connection.id, code, {})
    assert isinstance(begun, Begun)
    query = dict(parse_qsl(urlsplit(begun.authorize_url).query))
    back = await asyncio.to_thread(world.consent, pick=pick, **query)
    reached = await link.callback(back, begun.browser_secret)
    if isinstance(reached, Choose):
        reached = await link.choose(reached.attempt_id, begun.browser_secret, reached.organisations[-1].id)
    assert isinstance(reached, Ended)
    return reached


@pytest.fixture
async def linked(world: World, link: Link, views: Views, connection: Connection, pool: asyncpg.Pool) -> Connection:
    ended = await walk(world, link, views, connection)
    assert ended.status_code == "200", ended.detail
    return ended.connection


def oauth() -> OAuth2:
    assert isinstance(CONNECTOR.auth, OAuth2)
    return CONNECTOR.auth


def refreshes(world: World) -> int:
    """How many times the token endpoint was called, the code exchange aside."""
    calls = [each for each in world.control("GET", "requests")["requests"] if each["path"] == "/connect/token"]
    return len(calls) - 1


async def expire(world: World, pool: asyncpg.Pool) -> None:
    world.control("POST", "expire-tokens")
    await pool.execute("update credentials set expires = now() - interval '1 s'")


async def test_a_consent_links_the_organisation_that_the_ledger_names(world: World, linked: Connection) -> None:
    assert linked.status is Status.LINKED
    assert linked.organisation_id in {each["tenant_id"] for each in world.tenants}
    assert linked.organisation_name in {each["name"] for each in world.tenants}
    assert linked.facts["tenant_id"] == linked.organisation_id


async def test_of_two_organisations_one_is_chosen(
    world: World, link: Link, views: Views, connection: Connection
) -> None:
    world.control("POST", "organisations", {"seed": 2, "name": "Second Ltd"})
    ended = await walk(world, link, views, connection, pick=2)
    assert ended.status_code == "200"


async def test_twenty_callers_at_expiry_with_strict_single_use_make_one_refresh(
    world: World, pool: asyncpg.Pool, tokens: Tokens, linked: Connection
) -> None:
    await expire(world, pool)
    world.fault(kind="slow", delay_s=TOKEN_ANSWER_AFTER_S, match={"path": "connect/token"})
    found = await asyncio.gather(*(tokens.authorizer(linked, oauth()).headers() for _ in range(CALLERS)))
    assert len({each["Authorization"] for each in found}) == 1
    assert refreshes(world) == 1


@pytest.mark.parametrize("world", [1_800], indirect=True)
async def test_a_lost_answer_is_asked_for_again_within_the_grace_period(
    world: World, pool: asyncpg.Pool, tokens: Tokens, linked: Connection
) -> None:
    await expire(world, pool)
    world.fault(kind="drop_after", match={"path": "connect/token"})
    with pytest.raises(VendorUnavailable):
        await tokens.current(linked, oauth())
    await pool.execute("update credentials set claimed_until = now()")
    assert await tokens.authorizer(linked, oauth()).headers()
    assert refreshes(world) == 2
    async with pool.acquire() as db:
        now = await connections.get(db, linked.company_id, linked.id)
    assert now.status is Status.LINKED


async def test_an_app_removed_at_the_vendor_ends_in_deauthorisation(
    world: World, pool: asyncpg.Pool, tokens: Tokens, linked: Connection
) -> None:
    await expire(world, pool)
    world.control("POST", "revoke")
    with pytest.raises(NeedsRelink):
        await tokens.current(linked, oauth())
    assert (await events(pool))[-1] == "connection.disconnected"


async def test_unlinking_gives_the_access_back(
    world: World, pool: asyncpg.Pool, views: Views, sessions: Sessions, linked: Connection
) -> None:
    after = await unlinking.unlink(pool, views, sessions, linked.company_id, linked.id)
    assert after.status is Status.UNLINKED
    calls = [(each["method"], each["path"]) for each in world.control("GET", "requests")["requests"]]
    assert any(method == "DELETE" and path.startswith("/connections/") for method, path in calls)
