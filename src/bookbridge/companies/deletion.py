"""Deleting a connection or a company, with everything that is stored under it.

Tables are found in the database's own catalogue by their columns `company_id` and `connection_id`, so that
a table added later is emptied too, without anybody having to remember it here. Must not know what the tables
mean.
"""

from __future__ import annotations

from uuid import UUID

import structlog

from bookbridge.companies import companies, connections, lifecycle
from bookbridge.companies.views import Views
from bookbridge.store.pool import Db

log = structlog.get_logger(__name__)

DELETION_TIMEOUT_S = 600
KEPT_TABLE_PREFIX = "webhook"
"""What callers are still to be told outlives its subject, until its own retention ends."""

_TABLES = """
select c.table_name::text as name, array_agg(c.column_name::text) as columns
from information_schema.columns c
join information_schema.tables t using (table_schema, table_name)
where c.table_schema = current_schema() and t.table_type = 'BASE TABLE'
group by c.table_name
having 'company_id' = any(array_agg(c.column_name::text))
order by c.table_name
"""


async def delete_connection(db: Db, views: Views, company_id: UUID, connection_id: UUID) -> None:
    """Delete the connection and all that was read or written over it, and tell `connection.deleted`.

    The access at the vendor is given up beforehand, see `unlinking.py`. Raises ConnectionNotFound.
    """
    connection = await connections.lock(db, company_id, connection_id)
    await _stop_reading(db, company_id, connection_id)
    await lifecycle.told_of_deletion(db, views, connection)
    of_dataset, of_connection = [], []
    for row in await db.fetch(_TABLES):
        name, columns = row["name"], row["columns"]
        if name.startswith(KEPT_TABLE_PREFIX):
            continue
        if "connection_id" in columns:
            of_connection.append(name)
        elif "dataset_id" in columns:
            of_dataset.append(name)
    for name in of_dataset:
        await db.execute(
            f'delete from "{name}" where company_id = $1 and dataset_id in'  # noqa: S608 - a catalogue name
            " (select id from datasets where company_id = $1 and connection_id = $2)",
            company_id,
            connection_id,
            timeout=DELETION_TIMEOUT_S,
        )
    for name in of_connection:
        await db.execute(
            f'delete from "{name}" where company_id = $1 and connection_id = $2',  # noqa: S608
            company_id,
            connection_id,
            timeout=DELETION_TIMEOUT_S,
        )
    await db.execute("delete from connections where company_id = $1 and id = $2", company_id, connection_id)
    log.info("connection_deleted", company_id=str(company_id), connection_id=str(connection_id))


async def forget_records(db: Db, company_id: UUID, connection_id: UUID) -> None:
    """Delete what was read over the connection, as if it had never been read; the connection stays."""
    await _stop_reading(db, company_id, connection_id)
    await db.execute(
        "delete from validation_findings where company_id = $1 and dataset_id in"
        " (select id from datasets where company_id = $1 and connection_id = $2)",
        company_id,
        connection_id,
        timeout=DELETION_TIMEOUT_S,
    )
    await db.execute(
        "delete from listed_records where company_id = $1 and dataset_id in"
        " (select id from datasets where company_id = $1 and connection_id = $2)",
        company_id,
        connection_id,
        timeout=DELETION_TIMEOUT_S,
    )
    # Counts first: whoever saves records or keys holds a row there, and starts anew once it is gone.
    for name in ("record_counts", "record_keyed", "record_keys", "records", "datasets", "data_type_states"):
        await db.execute(
            f"delete from {name} where company_id = $1 and connection_id = $2",  # noqa: S608 - constants
            company_id,
            connection_id,
            timeout=DELETION_TIMEOUT_S,
        )


async def _stop_reading(db: Db, company_id: UUID, connection_id: UUID) -> None:
    """Wait for the page that is being saved, and let no other one in: a reader saves under its dataset's lock.

    Without this, rows that it commits while tables are emptied one after another would stay behind.
    """
    await db.execute(
        "select from datasets where company_id = $1 and connection_id = $2 for update", company_id, connection_id
    )


async def delete_company(db: Db, views: Views, company_id: UUID) -> None:
    """Delete the company, its subsidiaries, and all that is stored under them; tell `company.deleted` for
    each. Raises CompanyNotFound."""
    await companies.get(db, company_id)
    for each_id in await family(db, company_id):
        company = await companies.get(db, each_id)
        await db.execute("select from companies where id = $1 for update", each_id)
        await db.execute("select from connections where company_id = $1 for update", each_id)
        await db.execute("select from datasets where company_id = $1 for update", each_id)
        await companies.told_of_deletion(db, views, company)
        for row in await db.fetch(_TABLES):
            if not row["name"].startswith(KEPT_TABLE_PREFIX):
                await db.execute(
                    f'delete from "{row["name"]}" where company_id = $1',  # noqa: S608 - a catalogue name
                    each_id,
                    timeout=DELETION_TIMEOUT_S,
                )
        await db.execute("delete from companies where id = $1", each_id)
        log.info("company_deleted", company_id=str(each_id))


async def family(db: Db, company_id: UUID) -> list[UUID]:
    """The company and all below it, the lowest first."""
    rows = await db.fetch(
        """with recursive below (id, depth) as (
               select $1::uuid, 0
               union all
               select c.id, depth + 1 from companies c join below b on c.parent_id = b.id where depth < $2)
           select id from below order by depth desc""",
        company_id,
        companies.ANCESTORS_MAX,
    )
    return [row["id"] for row in rows]
