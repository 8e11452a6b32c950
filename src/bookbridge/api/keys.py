"""`/apiKeys`: list, create, delete."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.types import ControllerRouterHandler

from bookbridge.accounting.dates import ContractDateTime, contract_datetime
from bookbridge.api.bodies import AnyRequest, answer, decoded
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.parameters import id_of
from bookbridge.api.services import Given
from bookbridge.companies import clients
from bookbridge.companies.clients import ApiKey
from bookbridge.store.pool import Db


class KeyBody(msgspec.Struct, frozen=True):
    """What a key is created with."""

    name: str
    """What the key is for."""


class KeyView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """An API key."""

    id: UUID
    """Identifier of the key."""
    name: str | None = None
    """What the key is for."""
    api_key: str
    """The key itself: a secret."""
    created_date: ContractDateTime
    """When it was made."""


class KeysView(msgspec.Struct, frozen=True):
    """All keys; the list is not paged."""

    results: list[KeyView]
    """The keys, oldest first."""


@get("/apiKeys")
async def list_keys(services: Given) -> Response[bytes]:
    """All API keys, oldest first."""
    async with services.pool.acquire() as db:
        found = await clients.keys(db, services.vault)
    return answer(KeysView([_view(key) for key in found]))


@post("/apiKeys", status_code=201)
async def create_key(request: AnyRequest, services: Given) -> Response[bytes]:
    """A new API key."""
    body = await decoded(request, KeyBody)

    async def work(db: Db) -> Response[bytes]:
        return answer(_view(await clients.create_key(db, services.vault, body.name)), 201)

    return await in_transaction(services, request, work)


@delete("/apiKeys/{api_key_id:str}", status_code=204)
async def delete_key(api_key_id: str, services: Given) -> None:
    """Delete a key; the last one is refused."""
    wanted = id_of(api_key_id, "API key")
    async with services.pool.acquire() as db, db.transaction():
        await clients.delete_key(db, wanted)
    services.key_cache.forget_all()


def _view(key: ApiKey) -> KeyView:
    return KeyView(id=key.id, name=key.name, api_key=key.key, created_date=contract_datetime(key.created))


ROUTES: list[ControllerRouterHandler] = [list_keys, create_key, delete_key]
