"""The installation's single client: its profile and its API keys.

Keys are looked up by their hash. They are also kept sealed, because the contract shows them again.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import msgspec

from bookbridge.companies.company_input import checked_product
from bookbridge.companies.errors import ApiKeyNotFound, Conflict, ValidationProblem
from bookbridge.companies.vault import Vault
from bookbridge.store.pool import Db

KEYS_MAX = 10
KEY_NAME_LENGTH_MAX = 50
KEY_SIZE_BYTES = 30
KEY_LENGTH_MIN = 16
KEY_LENGTH_MAX = 200
CLIENT_NAME = "Bookbridge"
FIRST_KEY_NAME = "First key"
TEXT_LENGTH_MAX = 2_000
WHITE_LIST_MAX = 100

_CLIENT_LOCK = 0x636C6E74  # any constant; "clnt"


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """How an installation presents itself while people link their software."""

    name: str
    """Name of your application, as people see it."""
    redirect_url: str
    """Template of the address to which browsers return after linking."""
    logo_url: str | None = None
    """Address of your logo, shown at the head of Link pages."""
    icon_url: str | None = None
    """Address of your icon, shown by browsers beside the titles of Link pages."""
    white_list_urls: tuple[str, ...] = ()
    """Further addresses to which browsers may be sent back."""
    confirm_company_name: bool | None = None
    """Of an older form of the contract; kept and shown."""


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """The client: its id, its profile, and the products that new companies get."""

    id: UUID
    profile: Profile
    default_products: tuple[str, ...]


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An API key. `key` is the secret itself; it is not in the repr."""

    id: UUID
    name: str | None
    key: str
    created: datetime

    def __repr__(self) -> str:
        return f"ApiKey(id={self.id}, name={self.name!r})"


async def ensure_client(pool: asyncpg.Pool, vault: Vault, first_key: str | None = None) -> str:
    """Create the client and its first API key if there is none yet; returns the oldest key.

    Any number of processes may call this at once. A given `first_key` is used when the key is made, and
    is not compared later. Raises ValidationProblem when it is too short to be safe.
    """
    async with pool.acquire() as db, db.transaction():
        await db.execute("select pg_advisory_xact_lock($1)", _CLIENT_LOCK)
        await db.execute("insert into client (id, name) values ($1, $2) on conflict do nothing", uuid4(), CLIENT_NAME)
        oldest = await db.fetchrow("select id, sealed_key from api_keys order by created, id limit 1")
        if oldest is not None:
            return vault.open(oldest["sealed_key"], _context(oldest["id"])).decode()
        return (await _insert_key(db, vault, FIRST_KEY_NAME, first_key or new_key())).key


async def client(db: Db) -> Client:
    """The client. `ensure_client` has made it."""
    row = await db.fetchrow("select * from client")
    return Client(
        id=row["id"],
        profile=Profile(
            name=row["name"],
            redirect_url=row["redirect_url"],
            logo_url=row["logo_url"],
            icon_url=row["icon_url"],
            white_list_urls=tuple(row["white_list_urls"]),
            confirm_company_name=row["confirm_company_name"],
        ),
        default_products=tuple(row["default_products"]),
    )


async def replace_profile(db: Db, profile: Profile) -> Profile:
    """Overwrite the whole profile. Raises ValidationProblem for a URL that is not http(s), or too long."""
    _check_profile(profile)
    await db.execute(
        "update client set name = $1, redirect_url = $2, logo_url = $3, icon_url = $4, white_list_urls = $5,"
        " confirm_company_name = $6",
        profile.name,
        profile.redirect_url,
        profile.logo_url,
        profile.icon_url,
        list(profile.white_list_urls),
        profile.confirm_company_name,
    )
    return profile


async def alert_auth_header(db: Db | asyncpg.Pool, vault: Vault) -> str | None:
    """What is sent as Authorization with the alerts of rules; a secret of the receiver's."""
    row = await db.fetchrow("select id, sealed_alert_auth_header as sealed from client")
    return None if row["sealed"] is None else vault.open(row["sealed"], _alert_context(row["id"])).decode()


async def set_alert_auth_header(db: Db, vault: Vault, value: str | None) -> None:
    """Keep it, or forget it. Raises ValidationProblem for what is no header's value."""
    if value and (len(value) > TEXT_LENGTH_MAX or not value.isascii() or not value.isprintable()):
        raise ValidationProblem("A header's value has printable ASCII characters only.", "alertAuthHeader")
    client_id = await db.fetchval("select id from client")
    sealed = vault.seal(value.encode(), _alert_context(client_id)) if value else None
    await db.execute("update client set sealed_alert_auth_header = $1", sealed)


async def set_default_products(db: Db, products: Sequence[str]) -> None:
    """The products that companies created from now on get. Raises ValidationProblem."""
    wanted = sorted({checked_product(product) for product in products})
    await db.execute("update client set default_products = $1", wanted)


async def keys(db: Db, vault: Vault) -> list[ApiKey]:
    """All API keys, oldest first."""
    rows = await db.fetch("select id, name, sealed_key, created from api_keys order by created, id")
    return [
        ApiKey(
            id=row["id"],
            name=row["name"],
            key=vault.open(row["sealed_key"], _context(row["id"])).decode(),
            created=row["created"],
        )
        for row in rows
    ]


async def create_key(db: Db, vault: Vault, name: str) -> ApiKey:
    """A new API key. Raises ValidationProblem for its name, Conflict above KEYS_MAX."""
    if len(name) > KEY_NAME_LENGTH_MAX:
        raise ValidationProblem(f"Max string length ({KEY_NAME_LENGTH_MAX}) for `name` reached.", "name")
    if not name.strip() or "\x00" in name:
        raise ValidationProblem("An API key needs a name.", "name")
    await db.execute("select pg_advisory_xact_lock($1)", _CLIENT_LOCK)
    if await db.fetchval("select count(*) from api_keys") >= KEYS_MAX:
        raise Conflict(
            "Maximum number of API keys reached. To create a new API key, delete an unused key and try again."
        )
    return await _insert_key(db, vault, name, new_key())


async def delete_key(db: Db, key_id: UUID) -> None:
    """Delete the key; it is refused from this transaction's end on. Raises ApiKeyNotFound, and Conflict for
    the last one."""
    await db.execute("select pg_advisory_xact_lock($1)", _CLIENT_LOCK)
    ids = {row["id"] for row in await db.fetch("select id from api_keys")}
    if key_id not in ids:
        raise ApiKeyNotFound(f"No API key was found with ID {key_id}")
    if len(ids) == 1:
        raise Conflict("The last API key cannot be deleted.")
    await db.execute("delete from api_keys where id = $1", key_id)


async def key_id(db: Db, key: str) -> UUID | None:
    """The id of the API key, or None for one that is unknown.

    Found by the hash of what was presented, so the time taken tells nothing about stored keys.
    """
    if not KEY_LENGTH_MIN <= len(key) <= KEY_LENGTH_MAX:
        return None
    found: UUID | None = await db.fetchval("select id from api_keys where hash = $1", _hash(key))
    return found


def new_key() -> str:
    """A random key of 40 URL-safe characters."""
    return secrets.token_urlsafe(KEY_SIZE_BYTES)


async def _insert_key(db: Db, vault: Vault, name: str, key: str) -> ApiKey:
    if not KEY_LENGTH_MIN <= len(key) <= KEY_LENGTH_MAX:
        raise ValidationProblem(f"An API key has {KEY_LENGTH_MIN} to {KEY_LENGTH_MAX} characters.")
    fresh_id = uuid4()
    created: datetime = await db.fetchval(
        "insert into api_keys (id, name, hash, sealed_key, created)"
        " values ($1, $2, $3, $4, clock_timestamp()) returning created",
        fresh_id,
        name,
        _hash(key),
        vault.seal(key.encode(), _context(fresh_id)),
    )
    return ApiKey(id=fresh_id, name=name, key=key, created=created)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _alert_context(client_id: UUID) -> str:
    return f"alert-auth-header:{client_id}"


def _context(fresh_id: UUID) -> str:
    return f"api-key:{fresh_id}"


def _check_profile(profile: Profile) -> None:
    if not profile.name.strip():
        raise ValidationProblem("A profile needs a name.", "name")
    if len(profile.white_list_urls) > WHITE_LIST_MAX:
        raise ValidationProblem(f"At most {WHITE_LIST_MAX} URLs can be allowed.", "whiteListUrls")
    texts = (
        profile.name,
        profile.redirect_url,
        profile.logo_url or "",
        profile.icon_url or "",
        *profile.white_list_urls,
    )
    if any(len(text) > TEXT_LENGTH_MAX or "\x00" in text for text in texts):
        raise ValidationProblem(f"Each text may have at most {TEXT_LENGTH_MAX} characters.")
    # The scheme of the template must be fixed: `{x}://…` could become `javascript:`.
    if profile.redirect_url and not profile.redirect_url.startswith(("https://", "http://")):
        raise ValidationProblem("A redirect URL begins with https:// or http://.", "redirectUrl")
    for url in profile.white_list_urls:
        try:
            parts = urlsplit(url)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValidationProblem("An allowed URL is absolute, with http or https.", "whiteListUrls")
