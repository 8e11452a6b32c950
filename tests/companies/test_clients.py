from __future__ import annotations

import asyncio

import asyncpg
import pytest

from bookbridge.companies import clients
from bookbridge.companies.clients import Profile
from bookbridge.companies.errors import ApiKeyNotFound, Conflict, ValidationProblem
from bookbridge.companies.vault import Vault


async def test_processes_that_start_together_make_one_client_and_one_key(pool: asyncpg.Pool, vault: Vault) -> None:
    made = await asyncio.gather(*(clients.ensure_client(pool, vault) for _ in range(5)))
    assert len(set(made)) == 1
    assert await pool.fetchval("select count(*) from client") == 1
    assert await pool.fetchval("select count(*) from api_keys") == 1


async def test_a_given_first_key_is_used_and_must_be_long_enough(pool: asyncpg.Pool, vault: Vault) -> None:
    with pytest.raises(ValidationProblem):
        await clients.ensure_client(pool, vault, "short")
    assert await clients.ensure_client(pool, vault, "a-long-enough-key") == "a-long-enough-key"
    async with pool.acquire() as db:
        assert await clients.key_id(db, "a-long-enough-key") is not None


async def test_keys_are_made_shown_found_and_deleted(pool: asyncpg.Pool, vault: Vault) -> None:
    await clients.ensure_client(pool, vault)
    async with pool.acquire() as db, db.transaction():
        made = await clients.create_key(db, vault, "second")
        assert (await clients.keys(db, vault))[1] == made
        assert made.key not in repr(made)
        assert await clients.key_id(db, made.key) == made.id
        for unknown in ("", "x" * 40, made.key + "x", "x" * 10_000, "\ud800" * 20, "\x00" * 20):
            assert await clients.key_id(db, unknown) is None
        await clients.delete_key(db, made.id)
        assert await clients.key_id(db, made.key) is None
        with pytest.raises(ApiKeyNotFound):
            await clients.delete_key(db, made.id)
        [last] = await clients.keys(db, vault)
        with pytest.raises(Conflict):
            await clients.delete_key(db, last.id)


async def test_keys_have_limits(pool: asyncpg.Pool, vault: Vault) -> None:
    await clients.ensure_client(pool, vault)
    async with pool.acquire() as db, db.transaction():
        for name in ("x" * 51, " ", ""):
            with pytest.raises(ValidationProblem):
                await clients.create_key(db, vault, name)
        for number in range(9):
            await clients.create_key(db, vault, str(number))
        with pytest.raises(Conflict, match="Maximum number"):
            await clients.create_key(db, vault, "eleventh")


async def test_no_key_lies_in_the_clear(pool: asyncpg.Pool, vault: Vault) -> None:
    key = await clients.ensure_client(pool, vault)
    row = await pool.fetchrow("select * from api_keys")
    assert row is not None
    assert key.encode() not in row["sealed_key"]


async def test_the_profile_is_replaced_whole(pool: asyncpg.Pool, vault: Vault) -> None:
    await clients.ensure_client(pool, vault)
    profile = Profile(name="Me", redirect_url="https://b.io/{companyId}", white_list_urls=("https://b.io",))
    async with pool.acquire() as db:
        await clients.replace_profile(db, profile)
        assert (await clients.client(db)).profile == profile
        await clients.replace_profile(db, Profile(name="Me", redirect_url=""))
        assert (await clients.client(db)).profile.white_list_urls == ()


@pytest.mark.parametrize(
    "profile",
    [
        Profile(name="", redirect_url=""),
        Profile(name="x", redirect_url="javascript:alert(1)"),
        Profile(name="x", redirect_url="", white_list_urls=("b.io",)),
        Profile(name="x", redirect_url="", white_list_urls=("http://[",)),
        Profile(name="x", redirect_url="https://" + "x" * 2_000),
        Profile(name="x\x00", redirect_url=""),
    ],
)
async def test_bad_profiles_are_refused(pool: asyncpg.Pool, profile: Profile) -> None:
    async with pool.acquire() as db:
        with pytest.raises(ValidationProblem):
            await clients.replace_profile(db, profile)


async def test_new_companies_get_the_default_products(pool: asyncpg.Pool, vault: Vault, views: object) -> None:
    from bookbridge.companies import companies

    await clients.ensure_client(pool, vault)
    async with pool.acquire() as db, db.transaction():
        await clients.set_default_products(db, ["payables", "expenses", "payables"])
        made = await companies.create(db, views, name="A")  # type: ignore[arg-type]
        assert made.products == ("expenses", "payables")
        assert (await companies.create(db, views, name="B", products=[])).products == ()  # type: ignore[arg-type]
