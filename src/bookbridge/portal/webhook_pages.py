"""Portal pages of webhooks: who is told, what was sent, how it went, sending it again, and trying a receiver out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import structlog
from litestar import Response, get, post

from bookbridge.portal.forms import BODY_SIZE_MAX_BYTES, Asked, PageNotFound, browser, identifier, sent_form
from bookbridge.portal.rendering import see_other
from bookbridge.portal.services import Given, PortalServices
from bookbridge.portal.shell import PAGE_SIZE, asked, portal_page
from bookbridge.webhooks import consumers, messages, replay
from bookbridge.webhooks.consumers import ConsumerDraft, ConsumerNotFound, InvalidConsumer, TooManyConsumers
from bookbridge.webhooks.events import EVENT_TYPES
from bookbridge.webhooks.examples import send_example
from bookbridge.webhooks.pruning import MESSAGES_KEPT_S
from bookbridge.webhooks.replay import MessageNotFound

log = structlog.get_logger(__name__)

SECTION = "webhooks"
WEBHOOKS = "/portal/webhooks"
CONSUMER = WEBHOOKS + "/consumers/{consumer_id:str}"
MESSAGE = WEBHOOKS + "/messages/{message_id:str}"
STATUSES = ("Sending", "Attempting", "Success", "Failure")
EVENT_FIELD_PREFIX = "event:"


@get(WEBHOOKS)
async def list_page(request: Asked, services: Given) -> Response[str]:
    """All consumers, and a form for a new one."""
    return await _list(request, services, "", {})


@post(WEBHOOKS, request_max_body_size=BODY_SIZE_MAX_BYTES)
async def create(request: Asked, services: Given) -> Response[str]:
    """Add a consumer."""
    fields = await sent_form(request, browser(request, services))
    draft = ConsumerDraft(
        url=fields.get("url", "").strip(),
        event_types=[name.removeprefix(EVENT_FIELD_PREFIX) for name in fields if name.startswith(EVENT_FIELD_PREFIX)],
        company_tags=[line.strip() for line in fields.get("company_tags", "").splitlines() if line.strip()],
        description=fields.get("description", "").strip(),
    )
    try:
        async with services.pool.acquire() as db, db.transaction():
            consumer, _ = await consumers.create(
                db, draft, seal=services.vault.seal, private_addresses_allowed=services.private_webhook_addresses
            )
    except (InvalidConsumer, TooManyConsumers) as problem:
        return await _list(request, services, str(problem), fields)
    return see_other(f"{WEBHOOKS}/consumers/{consumer.id}?done=created")


@get(CONSUMER)
async def consumer_page(request: Asked, services: Given, consumer_id: str) -> Response[str]:
    """One consumer and the messages for it."""
    return await _consumer(request, services, identifier(consumer_id), "")


@post(CONSUMER + "/secret", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def reveal_secret(request: Asked, services: Given, consumer_id: str) -> Response[str]:
    """The same page with the signing secret in clear."""
    await sent_form(request, browser(request, services))
    wanted = identifier(consumer_id)
    try:
        secret = await consumers.secret(services.pool, wanted, open_=services.vault.open)
    except ConsumerNotFound:
        raise PageNotFound from None
    log.info("webhook_secret_revealed", consumer_id=str(wanted))
    return await _consumer(request, services, wanted, secret)


@post(CONSUMER + "/disabled", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def set_disabled(request: Asked, services: Given, consumer_id: str) -> Response[str]:
    """Stop or start sending."""
    fields = await sent_form(request, browser(request, services))
    wanted, disabled = identifier(consumer_id), fields.get("disabled") == "yes"
    try:
        async with services.pool.acquire() as db, db.transaction():
            await consumers.set_disabled(db, wanted, disabled)
    except ConsumerNotFound:
        raise PageNotFound from None
    return see_other(f"{WEBHOOKS}/consumers/{wanted}?done={'disabled' if disabled else 'enabled'}")


@post(CONSUMER + "/again", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def send_again(request: Asked, services: Given, consumer_id: str) -> Response[str]:
    """Send the consumer what failed for good, or what it was never to get but matches now: all that is kept."""
    fields = await sent_form(request, browser(request, services))
    wanted = identifier(consumer_id)
    kept_since = datetime.now(UTC) - timedelta(seconds=MESSAGES_KEPT_S)
    chosen = replay.replay_missing if fields.get("what") == "missed" else replay.recover_failed
    try:
        async with services.pool.acquire() as db, db.transaction():
            count = await chosen(db, wanted, since=kept_since)
    except ConsumerNotFound:
        raise PageNotFound from None
    log.info("webhooks_replayed", consumer_id=str(wanted), messages=count)
    return see_other(f"{WEBHOOKS}/consumers/{wanted}?done={'resent' if count else 'unsent'}")


@post(CONSUMER + "/example", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def try_out(request: Asked, services: Given, consumer_id: str) -> Response[str]:
    """Send the consumer an example of an event."""
    fields = await sent_form(request, browser(request, services))
    wanted, event_type = identifier(consumer_id), fields.get("event", "")
    if event_type not in EVENT_TYPES:
        raise PageNotFound
    try:
        async with services.pool.acquire() as db, db.transaction():
            await send_example(db, wanted, event_type)
    except ConsumerNotFound:
        raise PageNotFound from None
    return see_other(f"{WEBHOOKS}/consumers/{wanted}?done=example")


@get(CONSUMER + "/delete")
async def deletion_page(request: Asked, services: Given, consumer_id: str) -> Response[str]:
    """What deleting the consumer means."""
    consumer = await _found(services, identifier(consumer_id))
    return await portal_page(
        request,
        services,
        "confirm",
        section=SECTION,
        title="Delete this consumer?",
        text=f"Nothing is sent to {consumer.url} any more, and messages that wait for it are dropped.",
        action=f"{WEBHOOKS}/consumers/{consumer.id}/delete",
        button="Delete the consumer",
        back=f"{WEBHOOKS}/consumers/{consumer.id}",
    )


@post(CONSUMER + "/delete", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def delete(request: Asked, services: Given, consumer_id: str) -> Response[str]:
    """Delete the consumer."""
    await sent_form(request, browser(request, services))
    try:
        async with services.pool.acquire() as db, db.transaction():
            await consumers.delete(db, identifier(consumer_id))
    except ConsumerNotFound:
        raise PageNotFound from None
    return see_other(f"{WEBHOOKS}?done=deleted")


@get(MESSAGE)
async def message_page(request: Asked, services: Given, message_id: str) -> Response[str]:
    """One message: what it says, and every attempt to deliver it."""
    try:
        message = await messages.get(services.pool, identifier(message_id))
    except MessageNotFound:
        raise PageNotFound from None
    known = {consumer.id: consumer for consumer in await consumers.list_all(services.pool)}
    return await portal_page(
        request,
        services,
        "message",
        section=SECTION,
        message=message,
        body=msgspec.json.format(message.body, indent=2),
        deliveries=[(delivery, known.get(delivery.consumer_id)) for delivery in message.deliveries],
    )


@post(MESSAGE + "/resend", request_max_body_size=BODY_SIZE_MAX_BYTES)
async def resend(request: Asked, services: Given, message_id: str) -> Response[str]:
    """Send the message to one consumer again."""
    fields = await sent_form(request, browser(request, services))
    message = identifier(message_id)
    try:
        async with services.pool.acquire() as db, db.transaction():
            await replay.resend(db, identifier(fields.get("consumer", "")), message)
    except (ConsumerNotFound, MessageNotFound):
        raise PageNotFound from None
    return see_other(f"{WEBHOOKS}/messages/{message}?done=resent")


async def _list(request: Asked, services: PortalServices, problem: str, fields: Mapping[str, str]) -> Response[str]:
    groups: dict[str, list[object]] = defaultdict(list)
    for row in EVENT_TYPES.values():
        groups[row.group].append(row)
    return await portal_page(
        request,
        services,
        "webhooks",
        section=SECTION,
        status_code=422 if problem else 200,
        consumers=await consumers.list_all(services.pool),
        groups=groups,
        fields=fields,
        prefix=EVENT_FIELD_PREFIX,
        problem=problem,
    )


async def _consumer(request: Asked, services: PortalServices, consumer_id: UUID, secret: str) -> Response[str]:
    consumer = await _found(services, consumer_id)
    status, before = asked(request, "status"), asked(request, "after")
    after = None
    if before:
        try:
            after = await messages.get(services.pool, identifier(before))
        except MessageNotFound:
            raise PageNotFound from None
    newest = await messages.list_newest(
        services.pool,
        consumer_id=consumer_id,
        status=status if status in STATUSES else None,
        after=after,
        limit=PAGE_SIZE,
    )
    rows = [
        (message, next(each for each in message.deliveries if each.consumer_id == consumer_id)) for message in newest
    ]
    return await portal_page(
        request,
        services,
        "consumer",
        section=SECTION,
        consumer=consumer,
        secret=secret,
        rows=rows,
        status=status,
        statuses=STATUSES,
        older=newest[-1].id if len(newest) == PAGE_SIZE else None,
        address=f"{WEBHOOKS}/consumers/{consumer_id}",
    )


async def _found(services: PortalServices, consumer_id: UUID) -> consumers.Consumer:
    try:
        return await consumers.get(services.pool, consumer_id)
    except ConsumerNotFound:
        raise PageNotFound from None


HANDLERS = [
    list_page,
    create,
    consumer_page,
    reveal_secret,
    set_disabled,
    send_again,
    try_out,
    deletion_page,
    delete,
    message_page,
    resend,
]
