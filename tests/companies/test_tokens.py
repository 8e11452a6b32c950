from __future__ import annotations

import asyncio
import contextlib
import sys
from datetime import UTC, datetime, timedelta

import asyncpg
import httpx2
import pytest

from bookbridge.companies import connections, credentials, lifecycle, oauth
from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.credentials import Credentials, Grant, Sealed
from bookbridge.companies.sessions import Sessions
from bookbridge.companies.tokens import Tokens
from bookbridge.companies.vault import SecretKey, Vault, new_key
from bookbridge.companies.views import Views
from bookbridge.connectors.kit.errors import NeedsRelink, RateLimited, Uncertain, VendorUnavailable
from bookbridge.connectors.kit.session import Session
from tests.companies.conftest import OAUTH, Vendor, VendorSession, events, vault_of, vendor_apps
from tests.waiting import until

DEADLINE_S = 30.0


async def linked(
    pool: asyncpg.Pool, vault: Vault, views: Views, connection: Connection, grant: Grant, left_s: float
) -> Connection:
    async with pool.acquire() as db, db.transaction():
        await credentials.store(
            db,
            vault,
            connection.company_id,
            connection.id,
            grant,
            datetime.now(UTC) + timedelta(seconds=left_s),
        )
        return await lifecycle.linked(db, views, connection, organisation_id="org-1", organisation_name="One", facts={})


@pytest.fixture
async def expired(pool: asyncpg.Pool, vault: Vault, views: Views, connection: Connection, vendor: Vendor) -> Connection:
    """A linked connection whose access token has expired."""
    return await linked(pool, vault, views, connection, Grant(*vendor.issue()), left_s=-1)


async def stored(pool: asyncpg.Pool, vault: Vault, connection: Connection) -> credentials.Stored:
    async with pool.acquire() as db:
        found = await credentials.load(db, vault, connection.company_id, connection.id)
    assert found is not None
    return found


async def status(pool: asyncpg.Pool, connection: Connection) -> Status:
    async with pool.acquire() as db:
        return (await connections.get(db, connection.company_id, connection.id)).status


async def ask(session: Session) -> None:
    """A call to the vendor."""
    assert isinstance(session, VendorSession)
    await session.ask()


async def test_a_good_token_is_given_without_a_refresh(
    pool: asyncpg.Pool, vault: Vault, views: Views, connection: Connection, vendor: Vendor, tokens: Tokens
) -> None:
    now = await linked(pool, vault, views, connection, Grant("access", "refresh"), left_s=300)
    assert await tokens.authorizer(now, OAUTH).headers() == {"Authorization": "Bearer access"}
    assert vendor.refreshes == 0


async def just_read(pool: asyncpg.Pool, connection: Connection) -> Sealed | None:
    row = await pool.fetchrow(
        f"select {credentials.COLUMNS_AS_S} from credentials s where s.connection_id = $1",
        connection.id,
    )
    assert row is not None
    return credentials.sealed_as_s(row)


async def test_what_was_just_read_is_not_asked_for_again(
    pool: asyncpg.Pool, vault: Vault, views: Views, connection: Connection, vendor: Vendor, tokens: Tokens
) -> None:
    now = await linked(pool, vault, views, connection, Grant("access", "refresh"), left_s=300)
    read = await just_read(pool, now)
    await linked(pool, vault, views, connection, Grant("newer", "refresh"), left_s=300)
    assert await tokens.authorizer(now, OAUTH, read).headers() == {"Authorization": "Bearer access"}
    assert vendor.refreshes == 0
    assert "access" not in repr(read)


async def test_what_was_just_read_is_refreshed_when_it_is_about_to_expire(
    pool: asyncpg.Pool, vendor: Vendor, tokens: Tokens, expired: Connection
) -> None:
    read = await just_read(pool, expired)
    headers = await tokens.authorizer(expired, OAUTH, read).headers()
    assert headers["Authorization"].removeprefix("Bearer ") in vendor.live_access
    assert vendor.refreshes == 1


async def test_what_was_just_read_is_renewed_when_the_vendor_rejects_it(
    pool: asyncpg.Pool, vault: Vault, views: Views, connection: Connection, vendor: Vendor, sessions: Sessions
) -> None:
    now = await linked(pool, vault, views, connection, Grant(*vendor.issue()), left_s=1_000)
    vendor.live_access.clear()
    async with sessions.open(now, await just_read(pool, now)) as session:
        await ask(session)
    assert vendor.refreshes == 1


async def test_twenty_callers_at_expiry_make_one_refresh_and_hold_no_database_connection(
    pool: asyncpg.Pool, vendor: Vendor, tokens: Tokens, expired: Connection
) -> None:
    vendor.answer_after_s = 1.0
    callers = [asyncio.create_task(tokens.authorizer(expired, OAUTH).headers()) for _ in range(20)]
    await until(lambda: vendor.refreshes > 0)
    await until(lambda: pool.get_idle_size() == pool.get_size())
    assert not any(caller.done() for caller in callers)
    found = await asyncio.gather(*callers)
    assert vendor.refreshes == 1
    assert len({each["Authorization"] for each in found}) == 1


@pytest.mark.timeout(20)
async def test_a_caller_in_the_moment_in_which_a_flight_lands_begins_another(
    pool: asyncpg.Pool, vault: Vault, views: Views, connection: Connection, vendor: Vendor, tokens: Tokens
) -> None:
    """The one that has landed hands out the very token that was refused; waiting for it again would go on for ever."""
    held = Grant(*vendor.issue())
    now = await linked(pool, vault, views, connection, held, left_s=300)

    async def landed() -> Credentials:
        return held

    tokens._flights[now.id] = asyncio.create_task(landed())
    await tokens._flights[now.id]
    found = await tokens.current(now, OAUTH, rejected=held.access_token)
    assert isinstance(found, Grant)
    assert found.access_token != held.access_token
    assert vendor.refreshes == 1


async def test_a_token_is_refreshed_before_it_expires(
    pool: asyncpg.Pool, vault: Vault, views: Views, connection: Connection, vendor: Vendor, tokens: Tokens
) -> None:
    now = await linked(pool, vault, views, connection, Grant(*vendor.issue()), left_s=50)
    await tokens.current(now, OAUTH)
    assert vendor.refreshes == 1


async def test_while_the_vendor_is_down_a_token_is_used_to_its_end(
    pool: asyncpg.Pool, vault: Vault, views: Views, connection: Connection, vendor: Vendor, tokens: Tokens
) -> None:
    vendor.fail_status = 503
    now = await linked(pool, vault, views, connection, Grant("access", "refresh"), left_s=50)
    assert await tokens.current(now, OAUTH) == Grant("access", "refresh")
    await linked(pool, vault, views, connection, Grant("access", "refresh"), left_s=-1)
    with pytest.raises(VendorUnavailable):
        await tokens.current(now, OAUTH)
    vendor.fail_status = None
    vendor.live_refresh.add("refresh")
    assert isinstance(await tokens.current(now, OAUTH), Grant)
    assert await status(pool, now) is Status.LINKED


async def test_a_refused_refresh_deauthorises_once_and_tells_so(
    pool: asyncpg.Pool, vendor: Vendor, tokens: Tokens, expired: Connection
) -> None:
    vendor.live_refresh.clear()
    results = await asyncio.gather(*(tokens.current(expired, OAUTH) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, NeedsRelink) for result in results)
    assert await status(pool, expired) is Status.DEAUTHORIZED
    assert (await events(pool)).count("connection.disconnected") == 1
    with pytest.raises(NeedsRelink):
        await tokens.current(expired, OAUTH)


async def test_a_refused_newest_token_is_followed_by_the_one_before(
    pool: asyncpg.Pool, vault: Vault, vendor: Vendor, tokens: Tokens, expired: Connection
) -> None:
    vendor.token_lifetime_s = 0
    await tokens.current(expired, OAUTH)
    # The vendor forgets the grant that it issued last, and goes back to the one before.
    vendor.live_refresh = {"refresh-1"}
    vendor.token_lifetime_s = 1_800
    found = await tokens.current(expired, OAUTH)
    assert found == Grant("access-3", "refresh-3")
    now = await stored(pool, vault, expired)
    assert now.current == found
    assert now.previous == Grant("access-1", "refresh-1")
    assert await status(pool, expired) is Status.LINKED


async def test_a_wrong_registration_deauthorises_nobody(
    pool: asyncpg.Pool, vault: Vault, http: httpx2.AsyncClient, views: Views, vendor: Vendor, expired: Connection
) -> None:
    apps = vendor_apps(vendor.url)
    object.__setattr__(apps._apps["gbol"], "client_secret", "wrong")
    with pytest.raises(oauth.ClientRefused):
        await Tokens(pool, vault, http, apps, views).current(expired, OAUTH)
    assert await status(pool, expired) is Status.LINKED


async def test_a_lost_answer_keeps_the_claim_until_its_lease_ends(
    pool: asyncpg.Pool, vault: Vault, http: httpx2.AsyncClient, views: Views, vendor: Vendor, expired: Connection
) -> None:
    impatient = oauth.OAuth2(scopes=(), token_timeout_s=0.3)
    vendor.answer_after_s = 1.0
    vendor.grace = True
    tokens = Tokens(pool, vault, http, vendor_apps(vendor.url), views)
    with pytest.raises(VendorUnavailable):
        await tokens.current(expired, impatient)
    assert await pool.fetchval("select claimed_until > now() from credentials")
    vendor.answer_after_s = 0.0
    await pool.execute("update credentials set claimed_until = now() - interval '1 s'")
    assert isinstance(await tokens.current(expired, OAUTH), Grant)
    assert vendor.refreshes == 2


async def test_a_caller_that_gives_up_does_not_lose_the_answer(
    pool: asyncpg.Pool, vault: Vault, vendor: Vendor, tokens: Tokens, expired: Connection
) -> None:
    vendor.answer_after_s = 0.3
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await tokens.current(expired, OAUTH)
    await tokens.aclose()
    assert (await stored(pool, vault, expired)).current == Grant("access-2", "refresh-2")


async def test_linking_anew_during_a_refresh_wins(
    pool: asyncpg.Pool, vault: Vault, views: Views, vendor: Vendor, tokens: Tokens, expired: Connection
) -> None:
    vendor.answer_after_s = 0.5
    refresh = asyncio.create_task(tokens.current(expired, OAUTH))
    await until(lambda: vendor.refreshes > 0)
    await linked(pool, vault, views, expired, Grant("new", "newer"), left_s=1_000)
    assert await refresh == Grant("new", "newer")
    assert (await stored(pool, vault, expired)).current == Grant("new", "newer")


async def test_unlinking_during_a_refresh_wins(
    pool: asyncpg.Pool, views: Views, vendor: Vendor, tokens: Tokens, expired: Connection
) -> None:
    vendor.answer_after_s = 0.5
    refresh = asyncio.create_task(tokens.current(expired, OAUTH))
    await until(lambda: vendor.refreshes > 0)
    async with pool.acquire() as db, db.transaction():
        await lifecycle.unlinked(db, views, expired)
    with pytest.raises(NeedsRelink):
        await refresh
    assert await pool.fetchval("select count(*) from credentials") == 0


async def test_a_rejected_token_is_renewed_once_and_not_over_and_over(
    pool: asyncpg.Pool, vault: Vault, views: Views, connection: Connection, vendor: Vendor, tokens: Tokens
) -> None:
    now = await linked(pool, vault, views, connection, Grant(*vendor.issue()), left_s=1_000)
    authorizer = tokens.authorizer(now, OAUTH)
    rejected = await authorizer.headers()
    assert await authorizer.renew(rejected)
    fresh = await authorizer.headers()
    assert fresh != rejected
    assert await authorizer.renew(rejected)
    assert not await authorizer.renew(fresh)
    assert vendor.refreshes == 1


async def test_a_session_outlives_its_token(
    pool: asyncpg.Pool,
    vault: Vault,
    views: Views,
    connection: Connection,
    vendor: Vendor,
    sessions: Sessions,
) -> None:
    now = await linked(pool, vault, views, connection, Grant(*vendor.issue()), left_s=1_000)
    async with sessions.open(now) as session:
        await ask(session)
        vendor.live_access.clear()
        await ask(session)
    assert vendor.refreshes == 1


async def test_a_used_up_budget_is_a_rate_limit(
    pool: asyncpg.Pool,
    vault: Vault,
    views: Views,
    connection: Connection,
    vendor: Vendor,
    sessions: Sessions,
) -> None:
    now = await linked(pool, vault, views, connection, Grant(*vendor.issue()), left_s=1_000)
    async with sessions.open(now, budget_wait_max_s=0.0) as session:
        await session._access.budget.block(30)  # type: ignore[attr-defined]
        with pytest.raises(RateLimited) as caught:
            await ask(session)
    assert 20 < caught.value.retry_after_s <= 31


async def test_no_session_without_a_link(sessions: Sessions, connection: Connection) -> None:
    with pytest.raises(NeedsRelink):
        async with sessions.open(connection):
            pass


async def test_no_token_reaches_the_log(
    vendor: Vendor, tokens: Tokens, expired: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    await tokens.current(expired, OAUTH)
    vendor.live_refresh.clear()
    with contextlib.suppress(NeedsRelink):
        await tokens.current(expired, OAUTH, rejected="access-2")
    output = "".join(capsys.readouterr())
    assert "token_refreshed" in output
    assert "access-" not in output
    assert "refresh-" not in output


class Refresher:
    """A process that asks for tokens."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(
        cls, dsn: str, vendor: Vendor, keys: str, connection: Connection, callers: int, death: str = "-"
    ) -> Refresher:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.companies.refresher_process",
            dsn,
            vendor.url,
            keys,
            str(connection.company_id),
            str(connection.id),
            str(callers),
            death,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(DEADLINE_S):
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
        return cls(process)

    async def go(self) -> set[str]:
        async with asyncio.timeout(DEADLINE_S):
            output, _ = await self._process.communicate(b"go\n")
        lines = output.decode().splitlines()
        return {line.removeprefix("token ") for line in lines if line.startswith("token ")}


@pytest.fixture
def secret_key() -> SecretKey:
    return new_key("k1")


@pytest.fixture
def vault(secret_key: SecretKey) -> Vault:
    return vault_of(secret_key)


def ring(key: SecretKey) -> str:
    return f"{key.id}:{key.key}"


async def test_two_processes_make_one_refresh(
    dsn: str, vendor: Vendor, secret_key: SecretKey, expired: Connection
) -> None:
    vendor.answer_after_s = 1.0
    first, second = [await Refresher.start(dsn, vendor, ring(secret_key), expired, callers=10) for _ in range(2)]
    assert await asyncio.gather(first.go(), second.go()) == [{"access-2"}, {"access-2"}]
    assert vendor.refreshes == 1


async def test_a_refresher_killed_before_it_saved_is_taken_over_after_its_lease(
    dsn: str, pool: asyncpg.Pool, vendor: Vendor, secret_key: SecretKey, expired: Connection, tokens: Tokens
) -> None:
    vendor.grace = True
    doomed = await Refresher.start(dsn, vendor, ring(secret_key), expired, callers=1, death="before-save")
    assert await doomed.go() == set()
    assert vendor.refreshes == 1
    assert await pool.fetchval("select claimed_until > now() from credentials")
    waiting = asyncio.create_task(tokens.current(expired, OAUTH))
    done, _ = await asyncio.wait({waiting}, timeout=0.3)
    assert not done
    await pool.execute("update credentials set claimed_until = now()")
    assert await waiting == Grant("access-3", "refresh-3")
    assert vendor.refreshes == 2


async def test_the_exchange_tells_a_refusal_from_a_fault(http: httpx2.AsyncClient, vendor: Vendor) -> None:
    app = vendor_apps(vendor.url)._apps["gbol"]
    with pytest.raises(oauth.GrantRefused):
        await oauth.exchange(http, OAUTH, app, code="no", redirect_uri="https://b/c", verifier="v")
    object.__setattr__(app, "endpoints", {"token": vendor.url + "/boom"})
    with pytest.raises(VendorUnavailable):
        await oauth.refresh(http, OAUTH, app, "r")
    object.__setattr__(app, "endpoints", {"token": "http://127.0.0.1:9/token"})
    with pytest.raises(VendorUnavailable):
        await oauth.refresh(http, OAUTH, app, "r")
    vendor.answer_after_s = 1.0
    object.__setattr__(app, "endpoints", {"token": vendor.url + "/token"})
    with pytest.raises(Uncertain):
        await oauth.refresh(http, oauth.OAuth2(scopes=(), token_timeout_s=0.1), app, "r")
