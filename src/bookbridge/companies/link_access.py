"""Admits whoever presents a link code, once; counts and limits wrong ones.

Looking at a page does not use its code, since mail scanners open every URL; setting out for the vendor does.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from bookbridge.companies.errors import CompanyNotFound, ConnectionNotFound, LinkRefused
from bookbridge.companies.link_codes import CodeVerdict, LinkCodes, LinkTarget
from bookbridge.store.pool import Db

MISSES_MAX = 20
MISSES_WINDOW_S = 3_600

_REFUSALS = {
    CodeVerdict.USED: "This link has already been used. Ask for a new one.",
    CodeVerdict.EXPIRED: "This link has expired. Ask for a new one.",
    CodeVerdict.WRONG: "This link is not valid. Ask for a new one.",
}


async def present(
    db: Db, codes: LinkCodes, company_id: UUID, connection_id: UUID | None, code: str, *, use: bool
) -> CodeVerdict:
    """Judge a code for the connection, or for the company when `connection_id` is None.

    With `use` a good code is used up. A wrong one is counted, so the caller must commit before it raises
    `refusal(…)`. After MISSES_MAX wrong codes within MISSES_WINDOW_S every code is wrong until the window ends.
    Raises CompanyNotFound or ConnectionNotFound.
    """
    keys: tuple[UUID, ...]
    if connection_id is None:
        target, table, keys = LinkTarget.COMPANY, "companies where id = $1", (company_id,)
    else:
        target, table = LinkTarget.CONNECTION, "connections where id = $1 and company_id = $2"
        keys = (connection_id, company_id)
    row = await db.fetchrow(
        f"select link_generation, link_misses, link_misses_since from {table} for update",  # noqa: S608
        *keys,
    )
    if row is None:
        raise CompanyNotFound(company_id) if connection_id is None else ConnectionNotFound(connection_id)
    now, since = datetime.now(UTC), row["link_misses_since"]
    if since is None or since < now - timedelta(seconds=MISSES_WINDOW_S):
        misses, since = 0, now
    else:
        misses = row["link_misses"]
    if misses >= MISSES_MAX:
        return CodeVerdict.WRONG
    verdict = codes.judge(target, keys[0], row["link_generation"], code)
    used = int(use and verdict is CodeVerdict.GOOD)
    missed = int(verdict is CodeVerdict.WRONG)
    if used or missed:
        name, condition = table.split(" where ")
        first = len(keys) + 1
        await db.execute(
            f"update {name} set link_generation = link_generation + ${first}, link_misses = ${first + 1},"  # noqa: S608
            f" link_misses_since = ${first + 2} where {condition}",
            *keys,
            used,
            misses + missed,
            since,
        )
    return verdict


def refusal(verdict: CodeVerdict) -> LinkRefused:
    """The error to raise for a code that is not good."""
    return LinkRefused(_REFUSALS[verdict])
