"""Companies: the table, its rules, and the webhooks that tell of changes.

Functions that change something act inside the caller's transaction, webhook included. Deletion is in
`deletion.py`, since it reaches further.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
from msgspec import UNSET, UnsetType

from bookbridge.companies import connections as connection_rows
from bookbridge.companies.company_input import (
    PRODUCTS,
    checked_description,
    checked_product,
    checked_tags,
    clean_name,
)
from bookbridge.companies.errors import CompanyNotFound, ValidationProblem
from bookbridge.companies.views import CompanyView, Views
from bookbridge.store.pool import Db
from bookbridge.store.query import Compiled, Kind, Property
from bookbridge.webhooks import outbox

ANCESTORS_MAX = 10
SUBSIDIARIES_MAX = 500


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `companies`."""

    id: UUID
    name: str
    description: str | None
    tags: Mapping[str, str]
    products: tuple[str, ...]
    parent_id: UUID | None
    created: datetime
    created_by_user_name: str | None
    last_sync: datetime | None
    link_generation: int


_COLUMNS = ", ".join(f"c.{name}" for name in Company.__struct_fields__)
COLUMNS_AS_C = ", ".join(f"c.{name} as c_{name}" for name in Company.__struct_fields__)
"""A company beside another table's columns, for `company_as_c`."""
_OF_CONNECTIONS = "select from connections k where k.company_id = c.id"

COMPANY_PROPERTIES: Mapping[str, Property] = {
    "id": Property(Kind.STRING, "c.id::text"),
    "name": Property(Kind.STRING, "c.name"),
    "description": Property(Kind.STRING, "c.description"),
    "created": Property(Kind.DATE, "c.created"),
    "lastSync": Property(Kind.DATE, "c.last_sync"),
    "createdByUserName": Property(Kind.STRING, "c.created_by_user_name"),
    "referenceParentCompany.id": Property(Kind.STRING, "c.parent_id::text"),
    "dataConnections.id": Property(Kind.STRING, "k.id::text", among=_OF_CONNECTIONS),
    "dataConnections.status": Property(Kind.STRING, "k.status", among=_OF_CONNECTIONS),
    "dataConnections.integrationKey": Property(Kind.STRING, "k.integration_key", among=_OF_CONNECTIONS),
    "dataConnections.created": Property(Kind.DATE, "k.created", among=_OF_CONNECTIONS),
    "dataConnections.lastSync": Property(Kind.DATE, "k.last_sync", among=_OF_CONNECTIONS),
}
"""What companies may be queried and ordered by."""

_TAG_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_.]*)\s*(?:!=|=|~)")


def tag_properties(text: str) -> dict[str, Property]:
    """The properties for a query over tags (`region = uk && team != finance`): each name is a tag's key."""
    return {name: Property(Kind.STRING, f"c.tags ->> '{name}'") for name in _TAG_NAME.findall(text)}


async def create(
    db: Db,
    views: Views,
    *,
    name: str,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    products: Sequence[str] | None = None,
    parent_id: UUID | None = None,
    subsidiary_ids: Sequence[UUID] = (),
    created_by_user_name: str | None = None,
) -> Company:
    """Create a company and tell `company.created`. Without `products` it gets the client's default ones.

    Raises ValidationProblem, and CompanyNotFound for relatives that do not exist.
    """
    wanted = None if products is None else sorted({checked_product(product) for product in products})
    row = await db.fetchrow(
        f"""insert into companies as c (id, name, description, tags, products, created_by_user_name)
            values ($1, $2, $3, $4::jsonb, coalesce($5, (select default_products from client), '{{}}'), $6)
            returning {_COLUMNS}""",  # noqa: S608 - constants only
        uuid4(),
        clean_name(name),
        checked_description(description),
        _json(checked_tags(tags)),
        wanted,
        created_by_user_name,
    )
    company = _company(row)
    if parent_id is not None:
        company = await _adopt(db, parent_id, company.id)
    for subsidiary_id in _bounded(subsidiary_ids):
        await _adopt(db, company.id, subsidiary_id)
    await _emit(db, "company.created", company, msgspec.to_builtins(views.company_details(company)))
    return company


async def get(db: Db, company_id: UUID) -> Company:
    """The company. Raises CompanyNotFound."""
    row = await db.fetchrow(f"select {_COLUMNS} from companies c where c.id = $1", company_id)  # noqa: S608
    if row is None:
        raise CompanyNotFound(company_id)
    return _company(row)


async def list_page(
    db: Db, *, page: int, page_size: int, where: Compiled | None = None, order_by: str | None = None
) -> tuple[list[Company], int]:
    """One page (from 1) of companies, and how many there are in all.

    `where` is compiled over COMPANY_PROPERTIES or `tag_properties` with placeholders from $1 on;
    `order_by` comes from `compile_order`. Oldest first without it.
    """
    condition = "true" if where is None else where.sql
    arguments = () if where is None else where.arguments
    total = await db.fetchval(f"select count(*) from companies c where {condition}", *arguments)  # noqa: S608
    order = "c.created, c.id" if order_by is None else f"{order_by}, c.id"
    rows = await db.fetch(
        f"select {_COLUMNS} from companies c where {condition} order by {order}"  # noqa: S608
        f" limit ${len(arguments) + 1} offset ${len(arguments) + 2}",
        *arguments,
        page_size,
        (page - 1) * page_size,
    )
    return [_company(row) for row in rows], total


async def replace(
    db: Db,
    company_id: UUID,
    *,
    name: str,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
) -> Company:
    """Overwrite name, description and tags; what is not given is cleared. Raises ValidationProblem,
    CompanyNotFound."""
    return await _update(
        db,
        company_id,
        name=clean_name(name),
        description=checked_description(description),
        tags=_json(checked_tags(tags)),
    )


async def patch(
    db: Db,
    company_id: UUID,
    *,
    name: str | None = None,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    parent_id: UUID | UnsetType | None = UNSET,
    subsidiary_ids: Sequence[UUID] | UnsetType = UNSET,
) -> Company:
    """Change what is given; None leaves name, description and tags as they are, empty tags remove all tags.

    `parent_id` None ends the relation; `subsidiary_ids` is the whole new list. Raises ValidationProblem,
    CompanyNotFound.
    """
    changes: dict[str, object] = {}
    if name is not None:
        changes["name"] = clean_name(name)
    if description is not None:
        changes["description"] = checked_description(description)
    if tags is not None:
        changes["tags"] = _json(checked_tags(tags))
    company = await (_update(db, company_id, **changes) if changes else get(db, company_id))
    if isinstance(parent_id, UUID):
        company = await _adopt(db, parent_id, company_id)
    elif parent_id is None:
        company = await _update(db, company_id, parent_id=None)
    if not isinstance(subsidiary_ids, UnsetType):
        await db.execute(
            "update companies set parent_id = null where parent_id = $1 and id <> all($2::uuid[])",
            company_id,
            list(_bounded(subsidiary_ids)),
        )
        for subsidiary_id in subsidiary_ids:
            await _adopt(db, company_id, subsidiary_id)
    return company


async def add_product(db: Db, views: Views, company_id: UUID, product: str) -> Company:
    """Give the company a product and tell so; nothing happens if it has it. Raises ValidationProblem,
    CompanyNotFound."""
    checked_product(product)
    row = await db.fetchrow(
        f"""update companies c set products = array(select unnest(c.products || $2::text) order by 1)
            where c.id = $1 and $2 <> all(c.products) returning {_COLUMNS}""",  # noqa: S608
        company_id,
        product,
    )
    if row is None:
        return await get(db, company_id)
    company = _company(row)
    await _emit(db, "company.product.added", company, msgspec.to_builtins(views.product(company, product, PRODUCTS)))
    return company


async def remove_product(db: Db, views: Views, company_id: UUID, product: str) -> Company:
    """Take a product from the company and tell so; nothing happens if it lacks it. Raises CompanyNotFound."""
    row = await db.fetchrow(
        f"""update companies c set products = array_remove(c.products, $2)
            where c.id = $1 and $2 = any(c.products) returning {_COLUMNS}""",  # noqa: S608
        company_id,
        product,
    )
    if row is None:
        return await get(db, company_id)
    company = _company(row)
    await _emit(db, "company.product.removed", company, msgspec.to_builtins(views.product(company, product, PRODUCTS)))
    return company


async def present(db: Db, views: Views, companies: Sequence[Company]) -> list[CompanyView]:
    """The companies as callers see them, with connections and relatives, in three queries for all."""
    ids = [company.id for company in companies]
    connections = await connection_rows.of_companies(db, ids)
    parent_ids = [company.parent_id for company in companies if company.parent_id is not None]
    parents = {company.id: company for company in await _where(db, "c.id = any($1)", parent_ids)}
    children: dict[UUID, list[Company]] = {}
    for child in await _where(db, "c.parent_id = any($1)", ids):
        if child.parent_id is not None:
            children.setdefault(child.parent_id, []).append(child)
    return [
        views.company(
            company,
            connections.get(company.id, ()),
            parents.get(company.parent_id) if company.parent_id else None,
            children.get(company.id, ()),
        )
        for company in companies
    ]


async def told_of_deletion(db: Db, views: Views, company: Company) -> None:
    """Tell `company.deleted`; called by `deletion.py` while the row still exists."""
    await _emit(db, "company.deleted", company, msgspec.to_builtins(views.company_details(company)))


async def _where(db: Db, condition: str, ids: Sequence[UUID]) -> list[Company]:
    if not ids:
        return []
    sql = f"select {_COLUMNS} from companies c where {condition} order by c.created, c.id"  # noqa: S608
    return [_company(row) for row in await db.fetch(sql, list(ids))]


async def _update(db: Db, company_id: UUID, **changes: object) -> Company:
    """Set columns, whose names are ours."""
    assignments = ", ".join(f"{column} = ${place}" for place, column in enumerate(changes, start=2))
    row = await db.fetchrow(
        f"update companies c set {assignments} where c.id = $1 returning {_COLUMNS}",  # noqa: S608
        company_id,
        *changes.values(),
    )
    if row is None:
        raise CompanyNotFound(company_id)
    return _company(row)


async def _adopt(db: Db, parent_id: UUID, child_id: UUID) -> Company:
    """Make one company the parent of another; a company may not descend from itself."""
    ancestor: UUID | None = parent_id
    for _ in range(ANCESTORS_MAX):
        if ancestor == child_id:
            raise ValidationProblem("A company cannot be its own parent.", "referenceParentCompany")
        if ancestor is None:
            return await _update(db, child_id, parent_id=parent_id)
        # Locked, so that two adoptions at once cannot close a circle together.
        row = await db.fetchrow("select parent_id from companies where id = $1 for update", ancestor)
        if row is None:
            raise CompanyNotFound(ancestor)
        ancestor = row["parent_id"]
    raise ValidationProblem(f"Companies may be nested at most {ANCESTORS_MAX} deep.", "referenceParentCompany")


def _bounded(subsidiary_ids: Sequence[UUID]) -> Sequence[UUID]:
    if len(subsidiary_ids) > SUBSIDIARIES_MAX:
        raise ValidationProblem(
            f"At most {SUBSIDIARIES_MAX} subsidiaries can be named.", "referenceSubsidiaryCompanies"
        )
    return subsidiary_ids


async def _emit(db: Db, event_type: str, company: Company, payload: dict[str, Any]) -> None:
    await outbox.emit(db, event_type, payload, company_id=company.id, company_tags=dict(company.tags))


def _json(tags: Mapping[str, str]) -> str:
    return msgspec.json.encode(tags).decode()


def company_as_c(row: Mapping[str, Any]) -> Company:
    """The company from a row that holds COLUMNS_AS_C among others."""
    return _company({name: row[f"c_{name}"] for name in Company.__struct_fields__})


def _company(row: Mapping[str, Any]) -> Company:
    values = dict(row)
    values["tags"] = msgspec.json.decode(values["tags"], type=dict[str, str])
    values["products"] = tuple(values["products"])
    return Company(**values)
