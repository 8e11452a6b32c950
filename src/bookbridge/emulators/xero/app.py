"""The emulator as an ASGI application: routes, authentication, limits, replay, faults, request log.

It must not know accounting rules or shape records. One instance holds one world of organisations in
memory; nothing outlives the process.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict, deque

import msgspec
import structlog

from bookbridge.emulators.xero import control, oauth_routes
from bookbridge.emulators.xero.accounting_api import allowed, answer, required_scopes
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.clock import Clock
from bookbridge.emulators.xero.faults import Fault, Faults
from bookbridge.emulators.xero.http import (
    ASGIApp,
    BodyTooLarge,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    drop_connection,
    read_body,
    read_head,
    send_response,
    text_response,
)
from bookbridge.emulators.xero.identity import Identity
from bookbridge.emulators.xero.limits import Exceeded, Limiter
from bookbridge.emulators.xero.lists import Envelope, QueryCache, select
from bookbridge.emulators.xero.resources import find_resource
from bookbridge.emulators.xero.seed import seed_books
from bookbridge.emulators.xero.settings import (
    DEFAULT_PAGE_SIZE,
    MAX_ATTACHMENT_BYTES,
    MAX_BODY_BYTES,
    MAX_IDEMPOTENCY_KEY_CHARS,
    MAX_IDEMPOTENT_ANSWERS,
    MAX_LOGGED_REQUESTS,
    MAX_PAGE_SIZE,
    XeroEmulatorSettings,
)
from bookbridge.emulators.xero.wire import problem, refused

log = structlog.get_logger(__name__)

_API_ROOT = ("api.xro", "2.0")
_EXHAUSTED = {
    "minute": "x-minlimit-remaining",
    "day": "x-daylimit-remaining",
    "appminute": "x-appminlimit-remaining",
}


class LoggedRequest(msgspec.Struct, kw_only=True):
    """One request as the control API shows it; tokens and bodies are never kept."""

    at: str
    method: str
    path: str
    query: str
    tenant: str | None
    status: int | None
    """None when the connection was closed without an answer."""

    idempotency_key: str | None
    replayed: bool
    fault: str | None


class Emulator:
    """One world: its organisations, tokens, limits and faults."""

    def __init__(self, settings: XeroEmulatorSettings) -> None:
        self.settings = settings
        self.reset()

    def reset(self) -> None:
        """Forget everything and seed the books again; all tokens are void."""
        self.clock = Clock()
        self.identity = Identity(self.settings, self.clock)
        self.limiter = Limiter(self.settings.limits, self.clock)
        self.faults = Faults()
        self.requests: deque[LoggedRequest] = deque(maxlen=MAX_LOGGED_REQUESTS)
        self.served = 0
        self.replays = 0
        self._answers: OrderedDict[tuple[str, str, str], Response] = OrderedDict()
        self._cache = QueryCache()
        self.books: dict[str, Book] = {
            book.organisation.organisation_id: book for book in seed_books(self.settings, self.clock)
        }

    # -- ASGI -------------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        request = read_head(scope)
        try:
            limit = MAX_ATTACHMENT_BYTES if "attachments" in request.path.lower() else MAX_BODY_BYTES
            request.body = await read_body(receive, limit)
        except BodyTooLarge:
            await send_response(send, text_response("Request Entity Too Large", 413))
            return
        response = await self._serve(request)
        if response.drop:
            await drop_connection(receive, send)
        else:
            await send_response(send, response)

    async def _serve(self, request: Request) -> Response:
        if request.segments[:1] == ("_emulator",):
            return await control.handle(self, request)
        self.served += 1
        struck = self.faults.strike(request)
        response = await self._play(request, struck)
        self._log(request, response, struck)
        return response

    async def _play(self, request: Request, struck: list[Fault]) -> Response:
        after = False
        for fault in struck:
            kind = fault.asked.kind
            if fault.asked.delay_s:
                await asyncio.sleep(fault.asked.delay_s)
            if kind == "expire_token":
                self.identity.expire_access_tokens()
            elif kind == "revoke":
                self.identity.revoke_app()
            elif kind == "drop_after":
                after = True
            elif kind != "slow":
                return _fault_answer(fault)
        response = await self._route(request)
        if after:
            return msgspec.structs.replace(response, drop=True)
        return response

    def _log(self, request: Request, response: Response, struck: list[Fault]) -> None:
        self.requests.append(
            LoggedRequest(
                at=self.clock.now().isoformat(timespec="milliseconds"),
                method=request.method,
                path=request.path,
                query=_loggable_query(request),
                tenant=request.headers.get("xero-tenant-id"),
                status=None if response.drop else response.status,
                idempotency_key=request.headers.get("idempotency-key"),
                replayed=response.headers.get("x-emulator-replayed") == "true",
                fault=struck[0].asked.kind if struck else None,
            )
        )

    # -- routes -----------------------------------------------------------------------------------

    async def _route(self, request: Request) -> Response:
        path = tuple(segment.casefold() for segment in request.segments)
        if path[:2] == _API_ROOT:
            return await self._accounting(request, request.segments[2:])
        if path[:1] == ("connections",):
            return self._connections(request)
        if path and path[0] == "identity":
            path = path[1:]
        if path == ("connect", "authorize") and request.method in {"GET", "POST"}:
            return oauth_routes.authorize(self.identity, self._tenants, request)
        if path == ("connect", "token") and request.method == "POST":
            return oauth_routes.token(self.identity, request)
        if path == ("connect", "revocation") and request.method == "POST":
            return oauth_routes.revocation(self.identity, request)
        return text_response("Not Found", 404)

    def _tenants(self) -> list[tuple[str, str]]:
        return [(tenant_id, book.organisation.name) for tenant_id, book in self.books.items()]

    def _connections(self, request: Request) -> Response:
        found = oauth_routes.bearer(self.identity, request, self.clock.now_s())
        if isinstance(found, Response):
            return found
        return oauth_routes.connections(self.identity, dict(self._tenants()), request, found[0])

    async def _accounting(self, request: Request, segments: tuple[str, ...]) -> Response:
        found = oauth_routes.bearer(self.identity, request, self.clock.now_s())
        if isinstance(found, Response):
            return found
        client_id, _, scopes = found
        tenant_id = request.headers.get("xero-tenant-id", "").lower()
        book = self.books.get(tenant_id)
        if book is None or self.identity.connection(client_id, tenant_id) is None:
            return problem(403, "Forbidden", "AuthenticationUnsuccessful")
        exceeded = self.limiter.enter(client_id, tenant_id)
        if exceeded is not None:
            response = _too_many(exceeded)
        else:
            try:
                if self.settings.latency_s:
                    await asyncio.sleep(self.settings.latency_s)
                response = self._allowed(book, request, segments, scopes, client_id)
            finally:
                self.limiter.leave(client_id, tenant_id)
        headers = {**response.headers, **self.limiter.headers(client_id, tenant_id)}
        headers["xero-correlation-id"] = str(uuid.uuid4())
        return msgspec.structs.replace(response, headers=headers)

    def _allowed(
        self, book: Book, request: Request, segments: tuple[str, ...], scopes: tuple[str, ...], client_id: str
    ) -> Response:
        needed = required_scopes(segments)
        if self.settings.enforce_scopes and needed and not allowed(scopes, needed, request.method):
            return problem(401, "Unauthorized", "AuthorizationUnsuccessful", {"www-authenticate": "insufficient_scope"})
        if book.offline:
            return Response(status=503)
        key = request.headers.get("idempotency-key")
        if key is None or request.method == "GET":
            return self._answer(book, request, segments)
        if len(key) > MAX_IDEMPOTENCY_KEY_CHARS:
            return refused(17, "ValidationException", "The Idempotency-Key is too long").response
        place = (client_id, book.organisation.organisation_id, key)
        kept = self._answers.get(place)
        if kept is not None:
            self.replays += 1
            return msgspec.structs.replace(kept, headers={**kept.headers, "x-emulator-replayed": "true"})
        response = self._answer(book, request, segments)
        if response.status < 500:
            self._answers[place] = response
            if len(self._answers) > MAX_IDEMPOTENT_ANSWERS:
                self._answers.popitem(last=False)
        return response

    def _answer(self, book: Book, request: Request, segments: tuple[str, ...]) -> Response:
        if request.method == "GET" and len(segments) == 1:
            self._edit_between_pages(book, request, segments[0])
        envelope = Envelope(book, self.settings.provider_name)
        try:
            return answer(
                book,
                request,
                segments,
                envelope,
                self._cache,
                journals_enabled=self.settings.journals_enabled,
            )
        except Exception:
            log.exception("emulator.unexpected", path=request.path)
            return text_response("An unexpected error occurred in the emulator", 500)

    def _edit_between_pages(self, book: Book, request: Request, name: str) -> None:
        """Play the fault that edits a record already served, just before the next page is cut."""
        page_text = request.param("page") or ""
        resource = find_resource(name)
        if resource is None or not page_text.isdigit() or not self.faults.active:
            return
        fault = self.faults.page_edit(resource.name, int(page_text), book.organisation.organisation_id)
        if fault is None:
            return
        size_text = request.param("pageSize") or ""
        size = min(int(size_text), MAX_PAGE_SIZE) if size_text.isdigit() else DEFAULT_PAGE_SIZE
        selected = select(book, resource, request, self._cache)
        served = selected[: size * fault.asked.after_page]
        if served:
            book.change(resource.table(book), served[0])


def _loggable_query(request: Request) -> str:
    """The query, without what an authorization carries."""
    return "" if request.path.lower().endswith("/authorize") else request.query_string


def _fault_answer(fault: Fault) -> Response:
    asked = fault.asked
    if asked.kind == "drop_before":
        return Response(drop=True)
    if asked.kind == "rate_limit":
        after = None if asked.problem == "concurrent" else (asked.retry_after_s or 1)
        return _too_many(Exceeded(asked.problem, after))
    if asked.kind == "unavailable":
        headers = {} if asked.retry_after_s is None else {"retry-after": str(asked.retry_after_s)}
        return Response(status=asked.status or 503, headers=headers)
    if asked.kind == "html":
        page = "<!DOCTYPE html><html><head><title>Bad gateway</title></head><body>Bad gateway</body></html>"
        return text_response(page, asked.status or 502, "text/html")
    return text_response("An error occurred in Xero. Check the API Status page.", asked.status or 500)


def _too_many(exceeded: Exceeded) -> Response:
    headers = {"x-rate-limit-problem": exceeded.problem}
    if exceeded.problem in _EXHAUSTED:
        headers[_EXHAUSTED[exceeded.problem]] = "0"
    if exceeded.retry_after_s is not None:
        headers["retry-after"] = str(exceeded.retry_after_s)
    return Response(status=429, headers=headers)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return


def create_app(settings: XeroEmulatorSettings | None = None) -> ASGIApp:
    """The emulator, ready to be served by any ASGI server.

    It answers the authorize, token and revocation paths (with or without a leading ``/identity``),
    ``/connections``, ``/api.xro/2.0/…`` and the control API under ``/_emulator/…``.
    """
    return Emulator(settings or XeroEmulatorSettings())
