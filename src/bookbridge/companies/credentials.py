"""What opens a connection, as it lies sealed in the table `credentials`, and the claim to refresh it.

Only this module reads and writes the table's ciphertext. It decides nothing: when to refresh is in `tokens.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from bookbridge.companies.vault import Vault
from bookbridge.store.pool import Db


class Grant(msgspec.Struct, frozen=True, tag="oauth2", omit_defaults=True):
    """Tokens of an OAuth 2 consent. Not shown in its repr."""

    access_token: str
    refresh_token: str | None = None

    def __repr__(self) -> str:
        return "Grant(…)"


class Keys(msgspec.Struct, frozen=True, tag="keys"):
    """What a customer typed into a credentials form. Not shown in its repr."""

    values: Mapping[str, str]

    def __repr__(self) -> str:
        return "Keys(…)"


Credentials = Grant | Keys

_DECODER: msgspec.json.Decoder[Credentials] = msgspec.json.Decoder(Grant | Keys)


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it lies there, to be opened by `current_of`. Not shown in its repr."""

    current: bytes
    left_s: float | None
    """How long the access token was still good when the row was read; None: without end."""

    def __repr__(self) -> str:
        return "Sealed(…)"


COLUMNS_AS_S = """s.sealed_current as s_sealed_current,
    extract(epoch from s.expires - clock_timestamp())::float8 as s_left_s"""
"""Of a row beside other tables' columns, for `sealed_as_s`."""


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A row. `left_s` is how long the access token is still good (None: without end), by the database's clock."""

    current: Credentials
    previous: Credentials | None
    fence: int
    left_s: float | None


def context(connection_id: UUID) -> str:
    """What a connection's ciphertexts are bound to."""
    return f"connection:{connection_id}"


def sealed_as_s(row: Mapping[str, Any]) -> Sealed | None:
    """What lies in a row of COLUMNS_AS_S; None where a connection has no credentials."""
    sealed = row["s_sealed_current"]
    return None if sealed is None else Sealed(current=sealed, left_s=row["s_left_s"])


def current_of(sealed: Sealed, vault: Vault, connection_id: UUID) -> Credentials:
    """The credentials of a connection's row. Raises VaultError when they cannot be opened."""
    return _opened(sealed.current, vault, connection_id)


async def load(db: Db, vault: Vault, company_id: UUID, connection_id: UUID) -> Stored | None:
    """The connection's credentials, or None if it has none. Raises VaultError when they cannot be opened."""
    row = await db.fetchrow(
        """select sealed_current, sealed_previous, fence,
                  extract(epoch from expires - clock_timestamp())::float8 as left_s
           from credentials where company_id = $1 and connection_id = $2""",
        company_id,
        connection_id,
    )
    return None if row is None else _stored(row, vault, connection_id)


async def store(
    db: Db,
    vault: Vault,
    company_id: UUID,
    connection_id: UUID,
    credentials: Credentials,
    expires: datetime | None,
) -> None:
    """Keep new credentials in place of any others; a refresh that is under way can no longer save its result."""
    await db.execute(
        # The first fence is a time, so that it exceeds every fence of an earlier row of this connection.
        """insert into credentials (company_id, connection_id, sealed_current, expires, fence)
           values ($1, $2, $3, $4, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
           on conflict (company_id, connection_id) do update set
               sealed_current = excluded.sealed_current, sealed_previous = null, expires = excluded.expires,
               fence = greatest(credentials.fence + 1, excluded.fence), claimed_until = null, saved = now()""",
        company_id,
        connection_id,
        _seal(vault, connection_id, credentials),
        expires,
    )


async def claim(db: Db, company_id: UUID, connection_id: UUID, seen_fence: int, lease_s: float) -> int | None:
    """Claim the refresh of the row as it was seen; returns the fence to save with.

    None when it has changed since, or when somebody else's claim still holds.
    """
    fence: int | None = await db.fetchval(
        """update credentials set fence = fence + 1,
                  claimed_until = clock_timestamp() + make_interval(secs => $4)
           where company_id = $1 and connection_id = $2 and fence = $3
             and (claimed_until is null or claimed_until < clock_timestamp())
           returning fence""",
        company_id,
        connection_id,
        seen_fence,
        lease_s,
    )
    return fence


async def extend(db: Db, company_id: UUID, connection_id: UUID, fence: int, lease_s: float) -> bool:
    """Hold the claim for another lease; False when it is no longer ours."""
    tag = await db.execute(
        """update credentials set claimed_until = clock_timestamp() + make_interval(secs => $4)
           where company_id = $1 and connection_id = $2 and fence = $3""",
        company_id,
        connection_id,
        fence,
        lease_s,
    )
    return bool(tag == "UPDATE 1")


async def release(db: Db, company_id: UUID, connection_id: UUID, fence: int) -> None:
    """Give up the claim: the refresh did not reach the vendor."""
    await db.execute(
        "update credentials set claimed_until = null where company_id = $1 and connection_id = $2 and fence = $3",
        company_id,
        connection_id,
        fence,
    )


async def save(
    db: Db,
    vault: Vault,
    company_id: UUID,
    connection_id: UUID,
    fence: int,
    *,
    fresh: Grant,
    expires: datetime,
    used_previous: bool,
) -> bool:
    """Store the result of the refresh claimed with `fence`; False when the claim is no longer ours.

    The grant that was used stays as the previous one: the fresh one has not proved itself yet. The one before
    that is dropped, since the used one has.
    """
    tag = await db.execute(
        """update credentials set
               sealed_previous = case when $6 then sealed_previous else sealed_current end,
               sealed_current = $4, expires = $5, claimed_until = null, saved = now()
           where company_id = $1 and connection_id = $2 and fence = $3""",
        company_id,
        connection_id,
        fence,
        _seal(vault, connection_id, fresh),
        expires,
        used_previous,
    )
    return bool(tag == "UPDATE 1")


def _seal(vault: Vault, connection_id: UUID, credentials: Credentials) -> bytes:
    return vault.seal(msgspec.json.encode(credentials), context(connection_id))


def _opened(sealed: bytes, vault: Vault, connection_id: UUID) -> Credentials:
    return _DECODER.decode(vault.open(sealed, context(connection_id)))


def _stored(row: Mapping[str, Any], vault: Vault, connection_id: UUID) -> Stored:
    previous = row["sealed_previous"]
    return Stored(
        current=_opened(row["sealed_current"], vault, connection_id),
        previous=None if previous is None else _opened(previous, vault, connection_id),
        fence=row["fence"],
        left_s=row["left_s"],
    )
