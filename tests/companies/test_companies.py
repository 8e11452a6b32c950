from __future__ import annotations

from uuid import uuid4

import asyncpg
import msgspec
import pytest

from bookbridge.companies import companies, connections, deletion, lifecycle
from bookbridge.companies.companies import COMPANY_PROPERTIES, Company, tag_properties
from bookbridge.companies.company_input import clean_name
from bookbridge.companies.connections import Connection
from bookbridge.companies.errors import CompanyNotFound, ValidationProblem
from bookbridge.companies.views import Views
from bookbridge.store.query import compile_order, compile_query
from tests.companies.conftest import VENDOR_KEY, events, payload


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Example Company (Codat[1])", "Example Company Codat1"),
        ("O'Neil & Sons, Ltd. - @home?!", "O'Neil & Sons, Ltd. - @home?!"),
        ("Société Générale", "Societe Generale"),
        ("  two\t\nlines ", "two lines"),
        ("a\x00b", "ab"),
    ],
)
def test_names_are_cleaned_not_refused(given: str, kept: str) -> None:
    assert clean_name(given) == kept


@pytest.mark.parametrize("name", ["", "   ", "(){}", "株式会社", "x" * 251])
def test_a_name_must_remain(name: str) -> None:
    with pytest.raises(ValidationProblem):
        clean_name(name)


@pytest.mark.parametrize(
    "tags",
    [
        {str(number): "v" for number in range(11)},
        {"": "v"},
        {"k" * 28: "v"},
        {"k": "v" * 101},
        {"k": "\x00"},
    ],
)
async def test_tags_have_limits(pool: asyncpg.Pool, views: Views, tags: dict[str, str]) -> None:
    async with pool.acquire() as db:
        with pytest.raises(ValidationProblem):
            await companies.create(db, views, name="A", tags=tags)


async def test_a_new_company_is_told_of_and_shown_without_nulls(
    pool: asyncpg.Pool, views: Views, company: Company
) -> None:
    assert await events(pool) == ["company.created"]
    told = await payload(pool, "company.created")
    assert told["id"] == str(company.id)
    assert "dataConnections" not in told
    async with pool.acquire() as db:
        [view] = await companies.present(db, views, [company])
    shown = msgspec.json.decode(msgspec.json.encode(view))
    assert shown == {
        "id": str(company.id),
        "name": "Acme",
        "platform": "",
        "redirect": shown["redirect"],
        "created": shown["created"],
        "products": [],
        "tags": {"region": "uk"},
        "referenceSubsidiaryCompanies": [],
        "dataConnections": [],
    }
    assert shown["redirect"].startswith(f"https://books.example/link/company/{company.id}?link.otp=")


async def test_a_rolled_back_company_is_told_of_to_nobody(pool: asyncpg.Pool, views: Views) -> None:
    async def failing() -> None:
        async with pool.acquire() as db, db.transaction():
            await companies.create(db, views, name="A")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await failing()
    assert await events(pool) == []


async def test_replace_overwrites_and_patch_leaves(pool: asyncpg.Pool, views: Views, company: Company) -> None:
    async with pool.acquire() as db:
        patched = await companies.patch(db, company.id, description="Books")
        assert (patched.name, patched.description, patched.tags) == ("Acme", "Books", {"region": "uk"})
        assert (await companies.patch(db, company.id, tags={})).tags == {}
        replaced = await companies.replace(db, company.id, name="B")
        assert (replaced.name, replaced.description, replaced.tags) == ("B", None, {})
        for call in (
            companies.get(db, uuid4()),
            companies.replace(db, uuid4(), name="x"),
            companies.patch(db, uuid4()),
        ):
            with pytest.raises(CompanyNotFound):
                await call


async def test_products_are_given_and_taken_once(pool: asyncpg.Pool, views: Views, company: Company) -> None:
    async with pool.acquire() as db:
        for _ in range(2):
            found = await companies.add_product(db, views, company.id, "payables")
        assert found.products == ("payables",)
        await companies.add_product(db, views, company.id, "expenses")
        with pytest.raises(ValidationProblem):
            await companies.add_product(db, views, company.id, "nonsense")
        assert (await companies.remove_product(db, views, company.id, "payables")).products == ("expenses",)
        assert (await companies.remove_product(db, views, company.id, "payables")).products == ("expenses",)
    assert (await events(pool))[1:] == [
        "company.product.added",
        "company.product.added",
        "company.product.removed",
    ]
    assert await payload(pool, "company.product.removed") == {
        "id": str(company.id),
        "name": "Acme",
        "productId": "payables",
        "productName": "Bill Pay",
        "products": ["expenses"],
    }


async def test_relatives_are_shown_on_both_sides_and_never_circular(
    pool: asyncpg.Pool, views: Views, company: Company
) -> None:
    async with pool.acquire() as db, db.transaction():
        child = await companies.create(db, views, name="Child", parent_id=company.id)
        grandchild = await companies.create(db, views, name="Grandchild", parent_id=child.id)
        with pytest.raises(ValidationProblem):
            await companies.patch(db, company.id, parent_id=grandchild.id)
        with pytest.raises(ValidationProblem):
            await companies.patch(db, company.id, parent_id=company.id)
        shown = await companies.present(db, views, [company, child])
        assert [each.id for each in shown[0].reference_subsidiary_companies] == [child.id]
        assert shown[1].reference_parent_company is not None
        assert shown[1].reference_parent_company.id == company.id
        await companies.patch(db, company.id, subsidiary_ids=[])
        assert (await companies.get(db, child.id)).parent_id is None


async def test_lists_are_queried_ordered_and_paged(pool: asyncpg.Pool, views: Views, company: Company) -> None:
    async with pool.acquire() as db, db.transaction():
        other = await companies.create(db, views, name="Zeta", tags={"region": "fr", "team": "x"})
        await lifecycle.created(db, views, company.id, VENDOR_KEY)

        async def ids(query: str) -> list[object]:
            where = compile_query(query, COMPANY_PROPERTIES, of="Company", first=1)
            return [each.id for each in (await companies.list_page(db, page=1, page_size=10, where=where))[0]]

        assert await ids("name~acm") == [company.id]
        assert await ids("dataConnections.status=PendingAuth") == [company.id]
        assert await ids("dataConnections.status=Linked") == []
        assert await ids("dataConnections.status!=PendingAuth&&dataConnections.status!=Linked") == [other.id]
        assert await ids(f"id={other.id}||name=acme") == [company.id, other.id]
        text = "region = uk"
        where = compile_query(text, tag_properties(text), of="Company", first=1)
        found, total = await companies.list_page(db, page=1, page_size=10, where=where)
        assert ([each.id for each in found], total) == ([company.id], 1)
        order = compile_order("-name", COMPANY_PROPERTIES, of="Company")
        found, total = await companies.list_page(db, page=2, page_size=1, order_by=order)
        assert ([each.id for each in found], total) == ([company.id], 2)


async def test_deletion_leaves_no_row_behind_in_any_table(
    pool: asyncpg.Pool, views: Views, connection: Connection
) -> None:
    company_id = connection.company_id
    async with pool.acquire() as db, db.transaction():
        child = await companies.create(db, views, name="Child", parent_id=company_id)
        for each_id, connection_id in ((company_id, connection.id), (child.id, uuid4())):
            await store_records(db, each_id, connection_id)
    async with pool.acquire() as db, db.transaction():
        await deletion.delete_company(db, views, company_id)
    tables = await pool.fetch(
        "select table_name from information_schema.columns where column_name = 'company_id'"
        " and table_schema = current_schema()"
    )
    for table in {row["table_name"] for row in tables} - {"webhook_messages"}:
        assert await pool.fetchval(f'select count(*) from "{table}"') == 0, table
    assert await pool.fetchval("select count(*) from companies") == 0
    assert (await events(pool)).count("company.deleted") == 2


async def test_deleting_a_connection_spares_the_others(
    pool: asyncpg.Pool, views: Views, connection: Connection
) -> None:
    async with pool.acquire() as db, db.transaction():
        other = await lifecycle.created(db, views, connection.company_id, VENDOR_KEY)
        for each in (connection, other):
            await store_records(db, each.company_id, each.id)
        await deletion.delete_connection(db, views, connection.company_id, connection.id)
        left, total = await connections.list_page(db, connection.company_id, page=1, page_size=10)
        assert ([each.id for each in left], total) == ([other.id], 1)
        for table in ("records", "datasets", "listed_records"):
            assert await db.fetchval(f"select count(*) from {table}") == 1, table
    assert (await events(pool))[-1] == "connection.deleted"


async def store_records(db: asyncpg.Connection, company_id: object, connection_id: object) -> None:
    dataset_id = uuid4()
    await db.execute(
        """insert into records (company_id, data_type, connection_id, record_id, source, modified, hash, body,
               source_body) values ($1, 'bills', $2, $3, 's', now(), '', '{}', '{}')""",
        company_id,
        connection_id,
        str(uuid4()),
    )
    await db.execute(
        """insert into datasets (company_id, id, connection_id, data_type, batch_id, sync_order, status)
           values ($1, $2, $3, 'bills', $2, 1, 'Queued')""",
        company_id,
        dataset_id,
        connection_id,
    )
    await db.execute(
        "insert into listed_records (company_id, dataset_id, record_id) values ($1, $2, 'r')",
        company_id,
        dataset_id,
    )
