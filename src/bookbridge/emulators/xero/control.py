"""The control API under /_emulator: faults, logs, counters, organisations, edits; for tests and users.

It has no authentication. It must not change a book but through the functions that the API itself uses,
except for what no vendor API can do: touching, locking and removing records from outside.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.faults import Fault, FaultRequest, InvalidFault
from bookbridge.emulators.xero.http import Request, Response, json_response
from bookbridge.emulators.xero.postings import imbalances
from bookbridge.emulators.xero.resources import RESOURCES, find_resource
from bookbridge.emulators.xero.seed import seed_book
from bookbridge.emulators.xero.settings import XeroEmulatorSettings

if TYPE_CHECKING:
    from bookbridge.emulators.xero.app import Emulator

MAX_DOCUMENTS = 1_000_000
MAX_ADVANCE_S = 400 * 86_400.0


class OrganisationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An organisation to add. ``documents`` 0 gives the ordinary seed book, otherwise that many bills and
    invoices, half each."""

    seed: int = 1
    documents: int = 0
    name: str = "Larkfield Trading Ltd"
    base_currency: str = "GBP"


class OrganisationChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be changed of an organisation from outside."""

    offline: bool | None = None
    period_lock_date: dt.date | None = None
    end_of_year_lock_date: dt.date | None = None


class RecordPointer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One record: its resource and its id or number. Without an id the first of the list is meant."""

    resource: str
    id: str | None = None


class ClockAdvance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far to move the clock forward."""

    advance_s: float


class _Refused(Exception):
    """The control request makes no sense."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


async def handle(emulator: Emulator, request: Request) -> Response:
    """Answer one control request."""
    segments = _segments(request)
    if (request.method, segments) == ("POST", ("organisations",)):
        return await _add_organisation(emulator, request)
    if (request.method, segments) == ("POST", ("reset",)):
        emulator.reset()
        return json_response({"reset": True})
    route = _READS.get((request.method, segments[0] if segments else "")) if len(segments) < 2 else None
    if route is not None:
        return _answered(lambda: route(emulator, request))
    if request.method == "GET":
        return _answered(lambda: _look(emulator, segments))
    return emulator.change(request)


def change(emulator: Emulator, request: Request, made: Book | None = None) -> Response:
    """Carry out a control request that changes the world; ``made`` is the organisation already seeded for it."""
    segments = _segments(request)
    if (request.method, segments) == ("POST", ("organisations",)):
        return _answered(lambda: _admit(emulator, made or _seeded(emulator.settings, request)))
    if len(segments) > 1 and segments[0] == "organisations":
        return _answered(lambda: _change_organisation(emulator, request, segments[1:]))
    route = _CHANGES.get(segments[0]) if request.method == "POST" and len(segments) == 1 else None
    return _answered(lambda: route(emulator, request)) if route is not None else _answered(_no_route)


def request(path: str, body: Any = None) -> Request:
    """A control request that the emulator makes of itself, when a fault asks for it."""
    return Request(
        method="POST",
        path=f"/_emulator/{path}",
        segments=("_emulator", *path.split("/")),
        query={},
        query_string="",
        headers={},
        body=b"" if body is None else msgspec.json.encode(body),
    )


def _segments(request: Request) -> tuple[str, ...]:
    return tuple(segment.casefold() for segment in request.segments[1:])


def _answered(act: Callable[[], dict[str, Any]]) -> Response:
    try:
        return json_response(act())
    except _Refused as refused:
        return json_response({"error": str(refused)}, refused.status)
    except (msgspec.DecodeError, InvalidFault) as error:
        return json_response({"error": str(error)}, 400)


def _no_route() -> dict[str, Any]:
    raise _Refused("no such control route; see the README", 404)


# -- world ----------------------------------------------------------------------------------------


def _overview(emulator: Emulator, request: Request) -> dict[str, Any]:
    return {
        "service": "xero emulator",
        "authorize_url": f"{request.base_url}/identity/connect/authorize",
        "token_url": f"{request.base_url}/connect/token",
        "revocation_url": f"{request.base_url}/connect/revocation",
        "connections_url": f"{request.base_url}/connections",
        "accounting_url": f"{request.base_url}/api.xro/2.0",
        "clients": [app.client_id for app in emulator.settings.apps],
        "organisations": [_shown(book) for book in emulator.books.values()],
    }


def _advance(emulator: Emulator, request: Request) -> dict[str, Any]:
    asked = msgspec.json.decode(request.body, type=ClockAdvance)
    if not 0 <= asked.advance_s <= MAX_ADVANCE_S:
        raise _Refused("advance_s is out of range")
    emulator.clock.advance(asked.advance_s)
    return {"now": emulator.clock.now().isoformat()}


def _log(emulator: Emulator, request: Request) -> dict[str, Any]:
    return {"requests": list(emulator.requests)}


def _forget_log(emulator: Emulator, request: Request) -> dict[str, Any]:
    emulator.requests.clear()
    return {"cleared": True}


def _counters(emulator: Emulator, request: Request) -> dict[str, Any]:
    return {
        "requests": emulator.served,
        "rate_limited": dict(emulator.limiter.refused),
        "rate_limited_total": sum(emulator.limiter.refused.values()),
        "most_in_flight": emulator.limiter.most_in_flight,
        "faults_struck": dict(emulator.faults.struck),
        "idempotent_replays": emulator.replays.count,
        "effects": {tenant: dict(book.effects) for tenant, book in emulator.books.items()},
    }


# -- faults and tokens ----------------------------------------------------------------------------


def _add_fault(emulator: Emulator, request: Request) -> dict[str, Any]:
    return _shown_fault(emulator.faults.add(msgspec.json.decode(request.body, type=FaultRequest)))


def _list_faults(emulator: Emulator, request: Request) -> dict[str, Any]:
    return {"faults": [_shown_fault(fault) for fault in emulator.faults.active]}


def _clear_faults(emulator: Emulator, request: Request) -> dict[str, Any]:
    cleared = len(emulator.faults.active)
    emulator.faults.active.clear()
    return {"cleared": cleared}


def _shown_fault(fault: Fault) -> dict[str, Any]:
    return {"id": fault.fault_id, "left": fault.left, "struck": fault.struck, "fault": fault.asked}


def _expire_tokens(emulator: Emulator, request: Request) -> dict[str, Any]:
    return {"expired": emulator.identity.expire_access_tokens()}


def _revoke(emulator: Emulator, request: Request) -> dict[str, Any]:
    emulator.identity.revoke_app()
    return {"revoked": True}


# -- organisations --------------------------------------------------------------------------------


def _shown(book: Book) -> dict[str, Any]:
    return {
        "tenant_id": book.organisation.organisation_id,
        "name": book.organisation.name,
        "base_currency": book.organisation.base_currency,
        "offline": book.offline,
        "records": {resource.name: len(resource.table(book)) for resource in RESOURCES},
        "journals": len(book.journals),
    }


def _list_organisations(emulator: Emulator, request: Request) -> dict[str, Any]:
    return {"organisations": [_shown(book) for book in emulator.books.values()]}


async def _add_organisation(emulator: Emulator, request: Request) -> Response:
    try:
        # A large book takes seconds: other requests go on meanwhile.
        made = await asyncio.to_thread(_seeded, emulator.settings, request)
    except (_Refused, msgspec.DecodeError) as error:
        return json_response({"error": str(error)}, 400)
    return emulator.change(request, made=made)


def _seeded(settings: XeroEmulatorSettings, request: Request) -> Book:
    asked = msgspec.json.decode(request.body or b"{}", type=OrganisationRequest)
    if not 0 <= asked.documents <= MAX_DOCUMENTS:
        raise _Refused(f"documents must be between 0 and {MAX_DOCUMENTS}")
    if len(asked.base_currency) != 3 or not asked.base_currency.isalpha():
        raise _Refused("base_currency must have three letters")
    if not asked.name.strip():
        raise _Refused("name must not be empty")
    return seed_book(
        settings,
        seed=asked.seed,
        name=asked.name[:150],
        base_currency=asked.base_currency.upper(),
        documents=asked.documents,
    )


def _admit(emulator: Emulator, book: Book) -> dict[str, Any]:
    if book.organisation.organisation_id in emulator.books:
        raise _Refused("this organisation is already there: use another seed or name", 409)
    emulator.admit(book)
    return _shown(book)


def _book(emulator: Emulator, tenant: str) -> Book:
    book = emulator.books.get(tenant)
    if book is None:
        raise _Refused("no such organisation", 404)
    return book


def _look(emulator: Emulator, segments: tuple[str, ...]) -> dict[str, Any]:
    """One organisation, or whether its book balances."""
    if segments[:1] == ("organisations",) and len(segments) == 2:
        return _shown(_book(emulator, segments[1]))
    if segments[:1] == ("organisations",) and segments[2:] == ("balance",):
        return {"problems": imbalances(_book(emulator, segments[1]))}
    return _no_route()


def _change_organisation(emulator: Emulator, request: Request, segments: tuple[str, ...]) -> dict[str, Any]:
    book = _book(emulator, segments[0])
    if (request.method, segments[1:]) == ("PATCH", ()):
        return _change(book, request)
    if (request.method, segments[1:]) == ("POST", ("disconnect",)):
        return {"disconnected": emulator.identity.disconnect(segments[0])}
    if (request.method, segments[1:]) == ("POST", ("touch",)):
        return _touch(book, request)
    if (request.method, segments[1:]) == ("POST", ("delete",)):
        return _delete(book, request)
    return _no_route()


def _change(book: Book, request: Request) -> dict[str, Any]:
    asked = msgspec.json.decode(request.body, type=OrganisationChange)
    if asked.offline is not None:
        book.offline = asked.offline
    if asked.period_lock_date is not None:
        book.organisation.period_lock_date = asked.period_lock_date
    if asked.end_of_year_lock_date is not None:
        book.organisation.end_of_year_lock_date = asked.end_of_year_lock_date
    return _shown(book)


def _pointed(book: Book, request: Request) -> tuple[Any, Any]:
    asked = msgspec.json.decode(request.body, type=RecordPointer)
    resource = find_resource(asked.resource)
    if resource is None:
        raise _Refused("no such resource", 404)
    table = resource.table(book)
    record = table.find(asked.id) if asked.id else next(table.changed_after(None), None)
    if record is None:
        raise _Refused("no such record", 404)
    return table, record


def _touch(book: Book, request: Request) -> dict[str, Any]:
    """Stamp a record as if somebody had edited it in the vendor's own screens."""
    table, record = _pointed(book, request)
    book.change(table, record)
    return {"id": table.id_of(record), "updated_ms": record.updated_date_utc}


def _delete(book: Book, request: Request) -> dict[str, Any]:
    """Make a record vanish from lists, as hard-deleted items and tracking categories do."""
    table, record = _pointed(book, request)
    book.delete(table, record)
    return {"id": table.id_of(record), "deleted": True}


_Route = Callable[["Emulator", Request], dict[str, Any]]

_READS: dict[tuple[str, str], _Route] = {
    ("GET", ""): _overview,
    ("GET", "requests"): _log,
    ("DELETE", "requests"): _forget_log,
    ("GET", "counters"): _counters,
    ("POST", "faults"): _add_fault,
    ("GET", "faults"): _list_faults,
    ("DELETE", "faults"): _clear_faults,
    ("GET", "organisations"): _list_organisations,
}
"""What leaves the world as it is: faults and logs are not part of it."""

_CHANGES: dict[str, _Route] = {
    "clock": _advance,
    "expire-tokens": _expire_tokens,
    "revoke": _revoke,
}
