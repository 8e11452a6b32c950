"""Where an attempt to link stands, for pages that are opened (and opened again) after it, and declining to begin one.

`link.py` moves an attempt on; here nothing moves but by `decline`. Renders no HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import asyncpg

from bookbridge.companies import connections, lifecycle, link_access, link_attempts
from bookbridge.companies.connections import Connection, Status
from bookbridge.companies.errors import LinkRefused
from bookbridge.companies.link_attempts import Step
from bookbridge.companies.link_codes import CodeVerdict, LinkCodes
from bookbridge.companies.link_steps import Choose, Confirm, Ended, ended
from bookbridge.companies.vault import Vault
from bookbridge.companies.views import Views
from bookbridge.store.pool import Db


async def outcome(
    db: Db, vault: Vault, views: Views, attempt_id: UUID, browser_secret: str
) -> Choose | Confirm | Ended:
    """What the attempt waits for, or how it ended. Raises LinkRefused for one that is unknown, expired, another
    browser's, or still at the vendor."""
    attempt = await link_attempts.find(db, vault, attempt_id, browser_secret)
    connection = await connections.get(db, attempt.company_id, attempt.connection_id)
    if attempt.step is Step.AUTHORISED and len(attempt.organisations) == 1:
        return Confirm(
            attempt_id=attempt.id,
            connection=connection,
            organisation=attempt.organisations[0],
            earlier_name=connection.organisation_name or "",
        )
    if attempt.step is Step.AUTHORISED:
        return Choose(attempt_id=attempt.id, connection=connection, organisations=attempt.organisations)
    if attempt.step is Step.FINISHED:
        return await ended(db, views, attempt.id, attempt.parameters, connection, "200", "")
    if attempt.step is Step.CANCELLED:
        code, text, _ = lifecycle.CANCELLED
        return await ended(db, views, attempt.id, attempt.parameters, connection, code, text)
    if attempt.step is Step.FAILED:
        text = connection.errors[-1].status_text if connection.errors else ""
        return await ended(db, views, attempt.id, attempt.parameters, connection, "500", text)
    raise LinkRefused("This attempt to connect was not finished. Please start again.")


async def decline(
    pool: asyncpg.Pool,
    vault: Vault,
    views: Views,
    codes: LinkCodes,
    company_id: UUID,
    connection_id: UUID,
    code: str,
    parameters: Mapping[str, str],
    browser_secret: str,
) -> Ended:
    """Use up a connection's code without setting out: 201 for one that is Linked and stays so, else cancelled (403),
    which the same browser may take back with `Link.again`. Raises LinkRefused, ConnectionNotFound."""
    async with pool.acquire() as db, db.transaction():
        verdict = await link_access.present(db, codes, company_id, connection_id, code, use=True)
        if verdict is CodeVerdict.GOOD:
            connection = await connections.get(db, company_id, connection_id)
            if connection.status is Status.LINKED:
                return await ended(db, views, None, parameters, connection, "201", "")
            return await _cancelled(db, vault, views, connection, parameters, browser_secret)
    raise link_access.refusal(verdict)


async def _cancelled(
    db: Db, vault: Vault, views: Views, connection: Connection, parameters: Mapping[str, str], browser_secret: str
) -> Ended:
    opened = await link_attempts.begin(
        db,
        vault,
        connection.company_id,
        connection.id,
        verifier=None,
        parameters=parameters,
        browser_secret=browser_secret,
    )
    attempt = await link_attempts.find(db, vault, opened.id, opened.browser_secret)
    await link_attempts.end(db, attempt, Step.CANCELLED)
    status_code, text, message = lifecycle.CANCELLED
    after = await lifecycle.failed(
        db, views, connection, status_code=status_code, status_text=text, error_message=message
    )
    return await ended(db, views, opened.id, parameters, after, status_code, text)
