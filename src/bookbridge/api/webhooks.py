"""`/webhooks`: consumers, and the key with which an automation application subscribes."""

from __future__ import annotations

from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.types import ControllerRouterHandler

from bookbridge.api.bodies import AnyRequest, answer, decoded
from bookbridge.api.idempotency import in_transaction
from bookbridge.api.parameters import id_of
from bookbridge.api.services import Given
from bookbridge.store.pool import Db
from bookbridge.webhooks import consumers, integration_keys
from bookbridge.webhooks.consumers import Consumer, ConsumerDraft


class ConsumerView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A receiver of webhooks."""

    id: UUID
    """Identifier of the consumer."""
    url: str
    """Where events are sent."""
    disabled: bool
    """Whether nothing is sent for now."""
    event_types: list[str]
    """The events that are sent."""
    company_tags: list[str] | None = None
    """Only events of companies with one of these tags."""
    secret: str | None = None
    """An addition to the contract: what its messages are signed with, in the answer to its creation only."""


class ConsumersView(msgspec.Struct, frozen=True):
    """All consumers; the list is not paged."""

    results: list[ConsumerView]
    """The consumers, oldest first."""


class ZapierKey(msgspec.Struct, frozen=True):
    """A new integration key, shown this once."""

    key: str
    """The key: a secret."""


@get("/webhooks")
async def list_consumers(services: Given) -> Response[bytes]:
    """All consumers, oldest first."""
    found = await consumers.list_all(services.pool)
    return answer(ConsumersView([_view(consumer) for consumer in found]))


@post("/webhooks", status_code=201)
async def create_consumer(request: AnyRequest, services: Given) -> Response[bytes]:
    """Create a consumer; the answer holds its signing secret, this once."""
    draft = await decoded(request, ConsumerDraft)

    async def work(db: Db) -> Response[bytes]:
        consumer, secret = await consumers.create(
            db,
            draft,
            seal=services.vault.seal,
            private_addresses_allowed=services.private_webhook_addresses,
        )
        return answer(_view(consumer, secret), 201)

    return await in_transaction(services, request, work)


@delete("/webhooks/{webhook_id:str}", status_code=204)
async def delete_consumer(webhook_id: str, services: Given) -> None:
    """Delete a consumer; what waits for it is dropped."""
    wanted = id_of(webhook_id, "webhook consumer")
    async with services.pool.acquire() as db, db.transaction():
        await consumers.delete(db, wanted)


@post("/webhooks/integrationKeys/zapier", status_code=201)
async def rotate_zapier_key(request: AnyRequest, services: Given) -> Response[bytes]:
    """A new key for the automation application; the one before is revoked."""

    async def work(db: Db) -> Response[bytes]:
        return answer(ZapierKey(await integration_keys.rotate(db)), 201)

    return await in_transaction(services, request, work)


def _view(consumer: Consumer, secret: str | None = None) -> ConsumerView:
    return ConsumerView(
        id=consumer.id,
        url=consumer.url,
        disabled=consumer.disabled,
        event_types=consumer.event_types,
        company_tags=consumer.company_tags,
        secret=secret,
    )


ROUTES: list[ControllerRouterHandler] = [list_consumers, create_consumer, delete_consumer, rotate_zapier_key]
