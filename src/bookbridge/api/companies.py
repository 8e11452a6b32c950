"""`/companies`: list, create, get, replace, change, delete.

Also the older forms: `POST /companies` with a platform creates the connection at once, `PUT /companies` takes the id
from the body.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.types import ControllerRouterHandler
from msgspec import UNSET, UnsetType

from bookbridge.api.bodies import AnyRequest, answer, decoded, raw_answer
from bookbridge.api.cross_origin import TOKEN_ROUTE
from bookbridge.api.errors import CLIENTS, ApiError
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.paging import page_of_values, paging_of
from bookbridge.api.parameters import company_id_of
from bookbridge.api.services import Given
from bookbridge.companies import companies, lifecycle, unlinking
from bookbridge.companies.companies import COMPANY_PROPERTIES, Company, tag_properties
from bookbridge.companies.views import CompanyView
from bookbridge.store.pool import Db
from bookbridge.store.query import Compiled, compile_query

WHAT = "Company"


class RelatedCompany(msgspec.Struct, frozen=True):
    """A parent or a subsidiary; whatever else is said of it is ignored."""

    id: UUID
    """Identifier of the company."""


class CompanyBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What may be said of a company."""

    id: str | None = None
    """Only where the older form of `PUT` carries it."""
    name: str | None = None
    """Name of the company."""
    description: str | None = None
    """What your application says of it."""
    tags: dict[str, str] | None = None
    """Names and values for your own use."""
    products: list[str] | None = None
    """Products that it gets; the installation's default ones if absent."""
    reference_parent_company: RelatedCompany | UnsetType | None = UNSET
    """The company that it belongs to; null takes that away."""
    reference_subsidiary_companies: list[RelatedCompany] | UnsetType | None = UNSET
    """Companies of which it is the parent; null takes them away."""
    platform_key: str | None = None
    """In the older form: a platform to be linked at once."""
    platform_type: str | None = None
    """The same, by its oldest name."""

    @property
    def required_name(self) -> str:
        """The name. Raises ApiError 400 without one."""
        if self.name is None:
            message = "A company needs a name."
            raise ApiError(400, message, service=CLIENTS, fields=[("name", message)])
        return self.name

    @property
    def platform(self) -> str | None:
        """The platform of the older, one-call form."""
        return self.platform_key or self.platform_type or None

    @property
    def subsidiary_ids(self) -> list[UUID] | UnsetType:
        """The subsidiaries, if anything was said about them."""
        if isinstance(self.reference_subsidiary_companies, UnsetType):
            return UNSET
        return [company.id for company in self.reference_subsidiary_companies or ()]


class LinkingCompanyView(CompanyView, frozen=True, kw_only=True):
    """A company as the older one-call form answers: with the state and the link of its connection."""

    status: str
    """Status of its connection."""
    link_url: str = msgspec.field(name="linkURL")
    """Where its people link the platform."""


@get("/companies")
async def list_companies(request: AnyRequest, services: Given) -> Response[bytes]:
    """One page of companies, oldest first."""
    paging = paging_of(request)
    condition = paging.condition(COMPANY_PROPERTIES, of=WHAT, first=1)
    if paging.tags.strip():
        condition = _both(condition, paging.tags)
    order = paging.order(COMPANY_PROPERTIES, of=WHAT)
    async with services.pool.acquire() as db:
        rows, total = await companies.list_page(
            db, page=paging.page, page_size=paging.page_size, where=condition, order_by=order
        )
        shown = await companies.present(db, services.views, rows)
    return raw_answer(page_of_values(paging, shown, total))


@post("/companies", status_code=200)
async def create_company(request: AnyRequest, services: Given) -> Response[bytes]:
    """Create a company, and in the older form its connection."""
    body = await decoded(request, CompanyBody)

    async def work(db: Db) -> Response[bytes]:
        parent = body.reference_parent_company
        company = await companies.create(
            db,
            services.views,
            name=body.required_name,
            description=body.description,
            tags=body.tags,
            products=body.products,
            parent_id=parent.id if isinstance(parent, RelatedCompany) else None,
            subsidiary_ids=body.subsidiary_ids or (),
        )
        if body.platform is None:
            return await _shown(db, services, company)
        connection = await lifecycle.created(db, services.views, company.id, body.platform.strip().lower())
        [view] = await companies.present(db, services.views, [company])
        link_url = view.data_connections[0].link_url
        known: dict[str, Any] = {**msgspec.structs.asdict(view), "platform": connection.integration_key}
        return answer(LinkingCompanyView(**known, status=connection.status.value, link_url=link_url))

    return await in_transaction(services, request, work)


@get("/companies/{company_id:str}", opt={TOKEN_ROUTE: True})
async def get_company(company_id: str, services: Given) -> Response[bytes]:
    """One company."""
    wanted = company_id_of(company_id)
    async with services.pool.acquire() as db:
        return await _shown(db, services, await companies.get(db, wanted))


@put("/companies/{company_id:str}")
async def replace_company(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """Overwrite name, description and tags."""
    return await _replace(request, services, company_id_of(company_id), await decoded(request, CompanyBody))


@put("/companies")
async def replace_company_named_in_body(request: AnyRequest, services: Given) -> Response[bytes]:
    """The older form: the id stands in the body."""
    body = await decoded(request, CompanyBody)
    return await _replace(request, services, company_id_of(body.id or ""), body)


@patch("/companies/{company_id:str}")
async def change_company(request: AnyRequest, company_id: str, services: Given) -> Response[bytes]:
    """Change what is given; null leaves a field as it is, empty tags remove all tags."""
    wanted = company_id_of(company_id)
    body = await decoded(request, CompanyBody)
    parent = body.reference_parent_company

    async def work(db: Db) -> Response[bytes]:
        company = await companies.patch(
            db,
            wanted,
            name=body.name,
            description=body.description,
            tags=body.tags,
            parent_id=parent.id if isinstance(parent, RelatedCompany) else parent,
            subsidiary_ids=body.subsidiary_ids,
        )
        return await _shown(db, services, company)

    return await in_transaction(services, request, work)


@delete("/companies/{company_id:str}", status_code=204)
async def delete_company(company_id: str, services: Given) -> None:
    """Give up every access, and delete the company with all that was read."""
    await unlinking.delete_company(services.pool, services.views, services.sessions, company_id_of(company_id))


async def _replace(request: AnyRequest, services: Given, company_id: UUID, body: CompanyBody) -> Response[bytes]:
    async def work(db: Db) -> Response[bytes]:
        company = await companies.replace(
            db, company_id, name=body.required_name, description=body.description, tags=body.tags
        )
        return await _shown(db, services, company)

    return await in_transaction(services, request, work)


async def _shown(db: Db, services: Given, company: Company) -> Response[bytes]:
    [view] = await companies.present(db, services.views, [company])
    return answer(view)


def _both(condition: Compiled | None, tags: str) -> Compiled:
    """The query's condition and that of the `tags` parameter, together."""
    before = () if condition is None else condition.arguments
    of_tags = compile_query(tags, tag_properties(tags), of=WHAT, first=len(before) + 1)
    sql = of_tags.sql if condition is None else f"({condition.sql}) and ({of_tags.sql})"
    return Compiled(sql, (*before, *of_tags.arguments))


ROUTES: list[ControllerRouterHandler] = [
    list_companies,
    create_company,
    get_company,
    replace_company,
    replace_company_named_in_body,
    change_company,
    delete_company,
]
