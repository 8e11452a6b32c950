"""Products of a company: give, take away, read anew. Beyond the contract: those that new companies get."""

from __future__ import annotations

import msgspec
from litestar import Response, delete, get, post, put
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import AnyRequest, answer, body_of, decode, decoded, raw_answer
from bookbridge.api.errors import CLIENTS, PULL, ApiError, not_found
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.parameters import ID_LENGTH_SHOWN, company_id_of
from bookbridge.api.services import Given
from bookbridge.companies import clients, companies
from bookbridge.companies.company_input import PRODUCTS
from bookbridge.products.refresh import ProductNotEnabled, RefreshError, refresh
from bookbridge.store.pool import Db


class RefreshBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is to be read; without it, all that the product reads."""

    data_types: list[str] | None = None
    """The data types, by their keys; all that the product reads if absent."""


class DefaultProducts(msgspec.Struct, frozen=True, kw_only=True):
    """The products that new companies get."""

    products: list[str]
    """The products, by their names in addresses."""


@put("/companies/{company_id:str}/products/{product:str}", status_code=200)
async def add_product(request: AnyRequest, company_id: str, product: str, services: Given) -> Response[bytes]:
    """Give the company a product; it may have it already."""
    wanted, known = company_id_of(company_id), _known(product)

    async def work(db: Db) -> Response[bytes]:
        await companies.add_product(db, services.views, wanted, known)
        return raw_answer(b"", 204)

    return await in_transaction(services, request, work)


@delete("/companies/{company_id:str}/products/{product:str}", status_code=204)
async def remove_product(company_id: str, product: str, services: Given) -> None:
    """Take a product away, also the last one; the company may lack it already."""
    wanted, known = company_id_of(company_id), _known(product)
    async with services.pool.acquire() as db, db.transaction():
        await companies.remove_product(db, services.views, wanted, known)


@post("/companies/{company_id:str}/products/{product:str}/refresh", status_code=200)
async def refresh_product(request: AnyRequest, company_id: str, product: str, services: Given) -> Response[bytes]:
    """Queue what the product reads."""
    wanted, known = company_id_of(company_id), _known(product)
    content = await body_of(request)
    body = decode(content, RefreshBody) if content.strip() else RefreshBody()

    async def work(db: Db) -> Response[bytes]:
        try:
            await refresh(db, wanted, known, body.data_types)
        except ProductNotEnabled as error:
            raise not_found(str(error), CLIENTS) from error
        except RefreshError as error:
            raise ApiError(400, str(error), service=PULL) from error
        return raw_answer(b"", 202)

    return await in_transaction(services, request, work)


@get("/profile/defaultProducts")
async def get_default_products(services: Given) -> Response[bytes]:
    """The products that companies get which are created without any."""
    async with services.pool.acquire() as db:
        return answer(DefaultProducts(products=list((await clients.client(db)).default_products)))


@put("/profile/defaultProducts")
async def set_default_products(request: AnyRequest, services: Given) -> Response[bytes]:
    """Replace them; companies that exist keep what they have."""
    body = await decoded(request, DefaultProducts)

    async def work(db: Db) -> Response[bytes]:
        await clients.set_default_products(db, body.products)
        return answer(DefaultProducts(products=list((await clients.client(db)).default_products)))

    return await in_transaction(services, request, work)


def _known(product: str) -> str:
    """Raises ApiError 404."""
    if product not in PRODUCTS:
        raise not_found(f"There is no product '{product[:ID_LENGTH_SHOWN]}'.", CLIENTS)
    return product


ROUTES: list[ControllerRouterHandler] = [
    add_product,
    remove_product,
    refresh_product,
    get_default_products,
    set_default_products,
]
