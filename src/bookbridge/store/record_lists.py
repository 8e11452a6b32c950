"""Reading lists of records at any size: exact totals, deep pages and selective queries without a look at every record.

    no query          the total is kept beside the records; a page is a range of places
    orderBy           skips within an index, where the property has one
    a query           what matches is found once, by index where there is one: it is counted and the page cut from it

Keys are written a little after their records. What has none yet is looked at one by one in the same statement, so a
list is exact at every moment. Every statement sees one moment, so a total and its page belong together. It must not
decode a body, and knows of properties only the SQL that they were declared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from bookbridge.store.pool import Db
from bookbridge.store.query import Compiled, Order


@dataclass(frozen=True)
class Scope:
    """Which records a caller may see: one company's records of one type, perhaps over one connection."""

    company_id: UUID
    data_type: str
    connection_id: UUID | None = None

    def where(self) -> tuple[str, list[object]]:
        """The condition and its arguments, from $1 on."""
        if self.connection_id is None:
            return "company_id = $1 and data_type = $2", [self.company_id, self.data_type]
        return (
            "company_id = $1 and data_type = $2 and connection_id = $3",
            [self.company_id, self.data_type, self.connection_id],
        )


Rows = list[asyncpg.Record]

RECORD, KEYS = "r.", "k."
"""How the SQL of a property names the table that its column is in: `records` or `record_keys`."""

# The record at a place; the limit says that there is one at most, so it is always looked up.
_BODY = """
cross join lateral (
    select r.body from records r
    where r.company_id = $1 and r.data_type = $2 and r.connection_id = m.connection_id and r.place = m.place
    limit 1) as found"""

_RECORDS = "records r"
_KEYED = "record_keys k"
_KEYED_RECORDS = """record_keys k join records r
    on r.company_id = $1 and r.data_type = $2 and r.connection_id = k.connection_id and r.place = k.place"""
# What has been saved since keys were last written.
_UNKEYED = """record_counts c left join record_keyed w using (company_id, data_type, connection_id)
    join records r on r.company_id = $1 and r.data_type = $2 and r.connection_id = c.connection_id
        and r.place > coalesce(w.through, 0) and r.place <= c.stored
    cross join lateral (select r.modified, f.* from keys_of(r.body) as f) as k"""
_WITHOUT_KEYS = """not exists (select from record_keys x where x.company_id = $1 and x.data_type = $2
    and x.connection_id = r.connection_id and x.place = r.place)"""


async def list_bodies(
    db: Db | asyncpg.Pool,
    scope: Scope,
    *,
    condition: Compiled | None,
    order: Order | None,
    limit: int,
    offset: int,
) -> tuple[list[str], int]:
    """The JSON texts of one page, and the total of all pages; in the order of arrival unless `order` says otherwise.

    `condition` was compiled with `first = len(scope.where()[1]) + 1`.
    """
    if isinstance(db, asyncpg.Pool):
        async with db.acquire() as acquired:
            return await list_bodies(acquired, scope, condition=condition, order=order, limit=limit, offset=offset)
    if condition is not None:
        return await _matching(db, scope, condition, order, limit, offset)
    rows: Rows | None
    if order is None:
        rows = await _by_place(db, scope, limit, offset)
    else:
        rows = await _by_index(db, scope, order, limit, offset) if order.by.indexed else None
        if rows is None:
            return await _matching(db, scope, Compiled("true", ()), order, limit, offset)
    total = rows[0]["total"] if rows else await stored(db, scope)
    return [row["body"] for row in rows], total


async def stored(db: Db | asyncpg.Pool, scope: Scope) -> int:
    """How many records a list of this scope holds."""
    where, arguments = scope.where()
    total: int = await db.fetchval(
        f"select coalesce(sum(stored), 0)::bigint from record_counts where {where}",  # noqa: S608
        *arguments,
    )
    return total


async def _by_place(db: Db, scope: Scope, limit: int, offset: int) -> Rows:
    where, arguments = scope.where()
    first = len(arguments) + 1
    rows: Rows
    if scope.connection_id is not None:
        rows = await db.fetch(
            f"""select body, (select stored from record_counts where {where}) as total
            from records where {where} and place > ${first}::bigint and place <= ${first + 1}::bigint
            order by place""",  # noqa: S608 - our own words
            *arguments,
            offset,
            offset + limit,
        )
        return rows
    # The lists of a company's connections stand one behind the other.
    rows = await db.fetch(
        f"""with held as (
            select connection_id, (sum(stored) over ())::bigint as total,
                (sum(stored) over (order by connection_id) - stored)::bigint as before
            from record_counts where {where})
        select r.body, h.total from held h join records r
            on r.company_id = $1 and r.data_type = $2 and r.connection_id = h.connection_id
            and r.place > ${first}::bigint - h.before and r.place <= ${first + 1}::bigint - h.before
        order by h.connection_id, r.place""",  # noqa: S608 - our own words
        *arguments,
        offset,
        offset + limit,
    )
    return rows


async def _by_index(db: Db, scope: Scope, order: Order, limit: int, offset: int) -> Rows | None:
    """Through the index of the property: first those that have it, then those that lack it. None: some record has
    no keys yet."""
    rows = await _indexed_part(db, scope, order, f"{order.by.sql} is not null", limit, offset)
    if len(rows) < limit and order.by.nullable:
        where, arguments = scope.where()
        having = await db.fetchval(
            f"select count(*) from record_keys k where {where} and {order.by.sql} is not null",  # noqa: S608
            *arguments,
        )
        lacking = f"{order.by.sql} is null"
        rows += await _indexed_part(db, scope, order, lacking, limit - len(rows), max(offset - having, 0))
    return rows if all(row["is_keyed"] for row in rows) and (rows or offset) else None


async def _indexed_part(db: Db, scope: Scope, order: Order, part: str, limit: int, offset: int) -> Rows:
    where, arguments = scope.where()
    direction = order.direction
    ordering = f"{order.by.sql} {direction}, connection_id {direction}, place {direction}"
    statement = await db.prepare(
        f"""with m as materialized (
            select connection_id, place, row_number() over () as nth from (
                select connection_id, place from record_keys k where {where} and {part}
                order by {ordering} limit {limit:d} offset {offset:d}) as page),
        held as (
            select sum(stored)::bigint as total, bool_and(stored = coalesce(through, 0)) as is_keyed
            from record_counts left join record_keyed using (company_id, data_type, connection_id) where {where})
        select body, total, is_keyed from m {_BODY} cross join held order by nth"""  # noqa: S608 - our own words
    )
    rows: Rows = await statement.fetch(*arguments)
    return rows


async def _matching(
    db: Db, scope: Scope, condition: Compiled, order: Order | None, limit: int, offset: int
) -> tuple[list[str], int]:
    matched, arguments = _matched(scope, condition, order)
    direction = order.direction if order else "asc"
    ordering = f"m.sort {direction} nulls last, m.connection_id {direction}, m.place {direction}"
    # Prepared anew each time, because a statement that is kept soon gets a plan that knows no values.
    statement = await db.prepare(
        f"""{matched}
        select body, (select count(*) from matched) as total
        from (select * from matched m order by {ordering} limit {limit:d} offset {offset:d}) as m {_BODY}
        order by {ordering}"""  # noqa: S608 - compiled from a fixed list of properties; values are bound
    )
    rows = await statement.fetch(*arguments)
    if rows or not offset:
        return [row["body"] for row in rows], rows[0]["total"] if rows else 0
    total: int = await db.fetchval(f"{matched} select count(*) from matched", *arguments)  # noqa: S608 - as above
    return [], total


def _matched(scope: Scope, condition: Compiled, order: Order | None) -> tuple[str, list[object]]:
    """A WITH clause of what matches, with its place in the order, and the arguments."""
    where, arguments = scope.where()
    sort = order.by.sql if order else "null::text"
    by_record, by_keys = (table in f"{condition.sql} {sort}" for table in (RECORD, KEYS))

    def found(tables: str, of: str, further: str = "true") -> str:
        scoped = where.replace("company_id", f"{of}company_id").replace("data_type", f"{of}data_type")
        scoped = scoped.replace("connection_id =", f"{of}connection_id =")
        return (
            f"select {of}connection_id, {of}place, {sort} as sort from {tables} "  # noqa: S608 - our own words
            f"where {scoped} and {of}place is not null and {further} and {condition.sql}"
        )

    if by_keys:
        parts = [
            found(_KEYED_RECORDS if by_record else _KEYED, KEYS),
            found(_UNKEYED, RECORD, f"c.company_id = $1 and c.data_type = $2 and {_WITHOUT_KEYS}"),
        ]
    else:
        parts = [found(_RECORDS, RECORD)]
    # Materialised: with a limit in sight the planner would rather walk along the order and hope for early matches,
    # which is the whole list when they all stand at its end.
    return f"with matched as materialized ({' union all '.join(parts)})", [*arguments, *condition.arguments]
