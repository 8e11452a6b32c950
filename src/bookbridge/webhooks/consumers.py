"""Webhook consumers: who is told, of what, at which address.

Everything in a draft is hostile until `check` has passed. Whether an address may be called is decided again
at each attempt (see `addresses`), because names change what they point to. Secrets are stored sealed and
never logged.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

import asyncpg
import httpx2
import msgspec

from bookbridge.accounting.problems import Problem
from bookbridge.store.pool import Db
from bookbridge.webhooks.addresses import is_public
from bookbridge.webhooks.doorbell import wake
from bookbridge.webhooks.events import EVENT_TYPES
from bookbridge.webhooks.signing import new_secret

CONSUMERS_MAX: Final = 50
URL_LENGTH_MAX: Final = 2048
DESCRIPTION_LENGTH_MAX: Final = 256
COMPANY_TAGS_MAX: Final = 10
COMPANY_TAG_LENGTH_MAX: Final = 128
SECRET_CONTEXT: Final = "webhook-consumer:{id}"  # noqa: S105
"""Context under which the column `secret` is sealed, over the columns of its row; key rotation needs it."""
CREATE_LOCK: Final = 0x77686F6F  # any constant; counting and inserting must not interleave

Seal = Callable[[bytes, str], bytes]
"""(plain bytes, context) → sealed bytes. The same context must be given to open them."""

Open = Callable[[bytes, str], bytes]
"""(sealed bytes, context) → plain bytes."""


class InvalidConsumer(ValueError):
    """The draft breaks a rule; `problems` names each field and what is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = tuple(problems)


class TooManyConsumers(Exception):
    """The installation has CONSUMERS_MAX consumers already."""


class ConsumerNotFound(LookupError):
    """No consumer has this id."""


class ConsumerDraft(msgspec.Struct, frozen=True, rename="camel"):
    """A webhook consumer to be made."""

    url: str | None = None
    """Where events are sent, by POST."""
    event_types: list[str] | None = None
    """The events that are sent."""
    company_tags: list[str] | None = None
    """Only events of companies with one of these tags, such as `region:uk`."""
    disabled: bool | None = None
    """Whether nothing is sent for now."""
    description: str | None = None
    """What the consumer is for."""


class ConsumerView(msgspec.Struct, frozen=True, rename="camel"):
    """A consumer as the contract shows it. `secret` is present in the answer to its creation only."""

    id: UUID
    url: str
    disabled: bool
    event_types: list[str]
    company_tags: list[str] | None
    secret: str | msgspec.UnsetType = msgspec.UNSET


class Consumer(msgspec.Struct, frozen=True):
    """A consumer as it is stored, without its secret. `company_tags` None: all companies."""

    id: UUID
    url: str
    description: str
    event_types: list[str]
    company_tags: list[str] | None
    disabled: bool
    disabled_why: str | None
    """Why we disabled it ourselves; None if it is enabled or a person disabled it."""
    failing_since: datetime | None
    created: datetime

    def view(self, secret: str | msgspec.UnsetType = msgspec.UNSET) -> ConsumerView:
        """The contract's form."""
        return ConsumerView(self.id, self.url, self.disabled, self.event_types, self.company_tags, secret)


_COLUMNS = "id, url, description, event_types, company_tags, disabled, disabled_why, failing_since, created"


def check(draft: ConsumerDraft, *, private_addresses_allowed: bool) -> None:
    """Raises InvalidConsumer with everything that is wrong. Plain http and private addresses need the
    permission.
    """
    problems = [
        *_url_problems(draft.url, private_addresses_allowed=private_addresses_allowed),
        *_event_type_problems(draft.event_types or []),
        *_company_tag_problems(draft.company_tags or []),
    ]
    if draft.description is not None and not _is_plain(draft.description, DESCRIPTION_LENGTH_MAX):
        problems.append(Problem("description", f"At most {DESCRIPTION_LENGTH_MAX} characters, no control characters."))
    if problems:
        raise InvalidConsumer(problems)


async def create(
    db: Db, draft: ConsumerDraft, *, seal: Seal, private_addresses_allowed: bool = False
) -> tuple[Consumer, str]:
    """Store a consumer; returns it with its signing secret, which is shown to the caller this once.

    Raises InvalidConsumer, TooManyConsumers.
    """
    check(draft, private_addresses_allowed=private_addresses_allowed)
    await db.execute("select pg_advisory_xact_lock($1)", CREATE_LOCK)
    if await db.fetchval("select count(*) from webhook_consumers") >= CONSUMERS_MAX:
        raise TooManyConsumers(f"At most {CONSUMERS_MAX} webhook consumers.")
    consumer_id, secret = uuid4(), new_secret()
    row = await db.fetchrow(
        f"""insert into webhook_consumers
            (id, url, description, event_types, company_tags, disabled, secret, created)
            values ($1, $2, $3, $4, $5, $6, $7, $8) returning {_COLUMNS}""",  # noqa: S608
        consumer_id,
        draft.url,
        draft.description or "",
        _distinct(draft.event_types or []),
        _distinct(draft.company_tags or []) or None,
        draft.disabled or False,
        seal(secret.encode(), secret_context(consumer_id)),
        datetime.now(UTC),
    )
    return _consumer(row), secret


async def list_all(db: Db | asyncpg.Pool) -> list[Consumer]:
    """All consumers, oldest first; at most CONSUMERS_MAX."""
    rows = await db.fetch(f"select {_COLUMNS} from webhook_consumers order by created, id")  # noqa: S608
    return [_consumer(row) for row in rows]


async def get(db: Db | asyncpg.Pool, consumer_id: UUID) -> Consumer:
    """Raises ConsumerNotFound."""
    row = await db.fetchrow(f"select {_COLUMNS} from webhook_consumers where id = $1", consumer_id)  # noqa: S608
    if row is None:
        raise ConsumerNotFound(str(consumer_id))
    return _consumer(row)


async def replace(
    db: Db, consumer_id: UUID, draft: ConsumerDraft, *, private_addresses_allowed: bool = False
) -> Consumer:
    """Give the consumer the draft's address, event types, tags and description; its secret and state stay.

    Messages that wait go to the new address. Raises InvalidConsumer, ConsumerNotFound.
    """
    check(draft, private_addresses_allowed=private_addresses_allowed)
    row = await db.fetchrow(
        f"""update webhook_consumers set url = $2, description = $3, event_types = $4, company_tags = $5
            where id = $1 returning {_COLUMNS}""",  # noqa: S608
        consumer_id,
        draft.url,
        draft.description or "",
        _distinct(draft.event_types or []),
        _distinct(draft.company_tags or []) or None,
    )
    if row is None:
        raise ConsumerNotFound(str(consumer_id))
    return _consumer(row)


async def set_disabled(db: Db, consumer_id: UUID, disabled: bool) -> Consumer:
    """Stop sending to the consumer, or start again; what waits is kept and goes out when it is enabled.

    Raises ConsumerNotFound.
    """
    row = await db.fetchrow(
        f"""update webhook_consumers
            set disabled = $2, disabled_why = null, failing_since = null, last_failure = null
            where id = $1 returning {_COLUMNS}""",  # noqa: S608
        consumer_id,
        disabled,
    )
    if row is None:
        raise ConsumerNotFound(str(consumer_id))
    if not disabled:
        await wake(db, consumer_id)
    return _consumer(row)


async def delete(db: Db, consumer_id: UUID) -> None:
    """Remove the consumer and drop what waits for it. Raises ConsumerNotFound."""
    if await db.fetchval("delete from webhook_consumers where id = $1 returning true", consumer_id) is None:
        raise ConsumerNotFound(str(consumer_id))


async def secret(db: Db | asyncpg.Pool, consumer_id: UUID, *, open_: Open) -> str:
    """The signing secret, for the eyes of an authorised person. Raises ConsumerNotFound."""
    sealed = await db.fetchval("select secret from webhook_consumers where id = $1", consumer_id)
    if sealed is None:
        raise ConsumerNotFound(str(consumer_id))
    return open_(sealed, secret_context(consumer_id)).decode()


def secret_context(consumer_id: UUID) -> str:
    """What a consumer's sealed secret is bound to: moved to another row it does not open."""
    return SECRET_CONTEXT.format(id=consumer_id)


def _consumer(row: asyncpg.Record) -> Consumer:
    return Consumer(**dict(row))


def _distinct(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _is_plain(text: str, length_max: int) -> bool:
    return len(text) <= length_max and text.isprintable()


def _url_problems(url: str | None, *, private_addresses_allowed: bool) -> list[Problem]:
    if not url:
        return [Problem("url", "A url is required.")]
    if not _is_plain(url, URL_LENGTH_MAX) or " " in url:
        return [Problem("url", f"A url has at most {URL_LENGTH_MAX} characters, no spaces or control characters.")]
    try:
        # The parser that will be used to send: two parsers may disagree on which host a url names.
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError):
        return [Problem("url", "Not a valid url.")]
    if parsed.scheme not in ("http", "https") or not parsed.host or not _is_port(parsed.port):
        return [Problem("url", "A url starts with https:// and names a host.")]
    problems = []
    if parsed.userinfo or parsed.fragment:
        problems.append(Problem("url", "A url carries neither credentials nor a fragment."))
    if not private_addresses_allowed:
        if parsed.scheme != "https":
            problems.append(Problem("url", "A url must use https."))
        if _is_private_literal(parsed.host):
            problems.append(Problem("url", "A url must not name a private address."))
    return problems


def _is_port(port: int | None) -> bool:
    return port is None or 0 < port < 65536


def _is_private_literal(host: str) -> bool:
    try:
        return not is_public(ipaddress.ip_address(host))
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _event_type_problems(event_types: Sequence[str]) -> list[Problem]:
    if not event_types:
        return [Problem("eventTypes", "At least one event type is required.")]
    unknown = [name for name in event_types if name not in EVENT_TYPES]
    if unknown:
        return [Problem("eventTypes", f"Unknown event type {unknown[0][:COMPANY_TAG_LENGTH_MAX]!r}.")]
    return []


def _company_tag_problems(tags: Sequence[str]) -> list[Problem]:
    if len(tags) > COMPANY_TAGS_MAX:
        return [Problem("companyTags", f"At most {COMPANY_TAGS_MAX} company tags.")]
    for tag in tags:
        key, colon, value = tag.partition(":")
        if not (_is_plain(tag, COMPANY_TAG_LENGTH_MAX) and key and colon and value):
            return [Problem("companyTags", f"A tag is key:value, at most {COMPANY_TAG_LENGTH_MAX} characters.")]
    return []
