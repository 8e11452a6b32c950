"""Link attempts: one browser's walk through a vendor's consent page, as rows.

An attempt is found by its state, which works once, or by its id; both only together with the secret of the browser
that began it. Decides nothing about the flow.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from bookbridge.companies.credentials import Credentials, Grant, Keys
from bookbridge.companies.errors import LinkRefused
from bookbridge.companies.vault import Vault
from bookbridge.connectors.kit.session import Organisation
from bookbridge.store.pool import Db

LIFETIME_S = 3_600
SECRET_SIZE_BYTES = 32
SECRET_LENGTH = 43
ORGANISATIONS_MAX = 1_000
PRUNE_BATCH_ROWS = 1_000
KEPT_AFTER_EXPIRY_S = 86_400

_GONE = "This attempt to connect is over or belongs to another browser. Please start again."


class Step(StrEnum):
    """How far an attempt has come."""

    STARTED = "Started"
    RETURNED = "Returned"
    AUTHORISED = "Authorised"
    FINISHED = "Finished"
    CANCELLED = "Cancelled"
    FAILED = "Failed"


class Held(msgspec.Struct, frozen=True):
    """A fresh authorisation that waits for the person's choice."""

    credentials: Grant | Keys
    expires: datetime | None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A row. `verifier` and `held` are opened; they are not in the repr."""

    company_id: UUID
    connection_id: UUID
    id: UUID
    parameters: Mapping[str, str]
    organisations: tuple[Organisation, ...]
    step: Step
    expires: datetime
    verifier: str | None
    held: Held | None

    def __repr__(self) -> str:
        return f"Attempt({self.id}, {self.step})"


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """What a new attempt needs to go on: the state for the vendor, the secret for the browser's cookie."""

    id: UUID
    state: str
    browser_secret: str

    def __repr__(self) -> str:
        return f"Opened({self.id})"


async def begin(
    db: Db,
    vault: Vault,
    company_id: UUID,
    connection_id: UUID,
    *,
    verifier: str | None,
    parameters: Mapping[str, str],
    browser_secret: str | None,
) -> Opened:
    """A new attempt. A browser that already has a secret keeps it, so that its tabs do not disturb each other."""
    state = secrets.token_urlsafe(SECRET_SIZE_BYTES)
    secret = browser_secret if browser_secret and len(browser_secret) == SECRET_LENGTH else None
    secret = secret or secrets.token_urlsafe(SECRET_SIZE_BYTES)
    attempt_id = uuid4()
    await db.execute(
        """insert into link_attempts
               (company_id, connection_id, id, state_hash, browser_hash, sealed_verifier, parameters, expires)
           values ($1, $2, $3, $4, $5, $6, $7::jsonb, now() + make_interval(secs => $8))""",
        company_id,
        connection_id,
        attempt_id,
        _hash(state),
        _hash(secret),
        None if verifier is None else vault.seal(verifier.encode(), _context(attempt_id)),
        msgspec.json.encode(parameters).decode(),
        LIFETIME_S,
    )
    return Opened(id=attempt_id, state=state, browser_secret=secret)


async def take(db: Db, vault: Vault, state: str, browser_secret: str) -> Attempt:
    """The attempt that waits with this state; the state is used up. Raises LinkRefused, and then uses up nothing."""
    row = await db.fetchrow("select * from link_attempts where state_hash = $1 for update", _hash(state))
    if row is None or row["step"] != Step.STARTED:
        raise LinkRefused(_GONE)
    attempt = _admitted(row, vault, browser_secret)
    await db.execute(
        """update link_attempts set step = 'Returned', sealed_verifier = null
           where company_id = $1 and connection_id = $2 and id = $3""",
        attempt.company_id,
        attempt.connection_id,
        attempt.id,
    )
    return attempt


async def find(db: Db, vault: Vault, attempt_id: UUID, browser_secret: str) -> Attempt:
    """The attempt, locked. Raises LinkRefused."""
    row = await db.fetchrow("select * from link_attempts where id = $1 for update", attempt_id)
    if row is None:
        raise LinkRefused(_GONE)
    return _admitted(row, vault, browser_secret)


async def hold(
    db: Db,
    vault: Vault,
    attempt: Attempt,
    credentials: Credentials,
    expires: datetime | None,
    organisations: Sequence[Organisation],
) -> None:
    """Keep the fresh authorisation until the person has chosen, at most as long as its access token is good."""
    await db.execute(
        """update link_attempts set step = 'Authorised', sealed_grant = $4, organisations = $5::jsonb,
                  expires = least(expires, $6)
           where company_id = $1 and connection_id = $2 and id = $3""",
        attempt.company_id,
        attempt.connection_id,
        attempt.id,
        vault.seal(msgspec.json.encode(Held(credentials, expires)), _context(attempt.id)),
        msgspec.json.encode(list(organisations)[:ORGANISATIONS_MAX]).decode(),
        expires,
    )


async def end(db: Db, attempt: Attempt, step: Step) -> None:
    """The attempt is over; what it held is dropped."""
    await db.execute(
        """update link_attempts set step = $4, sealed_verifier = null, sealed_grant = null
           where company_id = $1 and connection_id = $2 and id = $3""",
        attempt.company_id,
        attempt.connection_id,
        attempt.id,
        step.value,
    )


async def prune(pool: asyncpg.Pool) -> int:
    """Delete attempts that expired a day ago, in batches; returns how many. A secret held by an expired one
    goes at once."""
    await pool.execute(
        "update link_attempts set sealed_grant = null, sealed_verifier = null"
        " where expires < now() and (sealed_grant is not null or sealed_verifier is not null)"
    )
    total = 0
    while True:
        tag = await pool.execute(
            """delete from link_attempts where ctid = any (array(
                   select ctid from link_attempts where expires < now() - make_interval(secs => $1) limit $2))""",
            KEPT_AFTER_EXPIRY_S,
            PRUNE_BATCH_ROWS,
        )
        deleted = int(tag.rsplit(" ", 1)[1])
        total += deleted
        if deleted < PRUNE_BATCH_ROWS:
            return total


def _admitted(row: Mapping[str, Any], vault: Vault, browser_secret: str) -> Attempt:
    if not hmac.compare_digest(row["browser_hash"], _hash(browser_secret)):
        raise LinkRefused(_GONE)
    if row["expires"] < datetime.now(UTC):
        raise LinkRefused("This attempt to connect took too long. Please start again.")
    attempt_id = row["id"]

    def opened(column: str) -> bytes | None:
        return None if row[column] is None else vault.open(row[column], _context(attempt_id))

    verifier, held = opened("sealed_verifier"), opened("sealed_grant")
    return Attempt(
        company_id=row["company_id"],
        connection_id=row["connection_id"],
        id=attempt_id,
        parameters=msgspec.json.decode(row["parameters"], type=dict[str, str]),
        organisations=msgspec.json.decode(row["organisations"], type=tuple[Organisation, ...]),
        step=Step(row["step"]),
        expires=row["expires"],
        verifier=None if verifier is None else verifier.decode(),
        held=None if held is None else msgspec.json.decode(held, type=Held),
    )


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _context(attempt_id: UUID) -> str:
    return f"link-attempt:{attempt_id}"
