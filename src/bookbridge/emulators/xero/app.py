"""The emulator as an ASGI application: routes, authentication, limits, replay, faults, request log.

It must not know accounting rules or shape records. One instance holds one world of organisations in
memory. Whatever may change that world goes through ``change``, which runs it at a fixed moment with a fixed
series of ids: so it can be kept in a journal and, after a restart, be repeated to the same outcome.
"""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections import deque
from pathlib import Path
from typing import Any

import msgspec
import structlog

from bookbridge.emulators.xero import control, oauth_routes, page_edits, snapshot
from bookbridge.emulators.xero.accounting_api import allowed, answer, required_scopes
from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.clock import Clock
from bookbridge.emulators.xero.effects import Effect, journalled, path_of, to_keep
from bookbridge.emulators.xero.fault_answers import fault_answer, too_many
from bookbridge.emulators.xero.faults import Fault, Faults
from bookbridge.emulators.xero.http import (
    ASGIApp,
    BodyTooLarge,
    CutOff,
    Receive,
    Request,
    Response,
    Scope,
    Send,
    answer_lifespan,
    drop_connection,
    read_body,
    read_head,
    send_response,
    text_response,
)
from bookbridge.emulators.xero.identity import Identity
from bookbridge.emulators.xero.ids import Ids
from bookbridge.emulators.xero.limits import Limiter
from bookbridge.emulators.xero.lists import Envelope, QueryCache
from bookbridge.emulators.xero.replays import Replays
from bookbridge.emulators.xero.seed import bring_to_present, seed_books
from bookbridge.emulators.xero.settings import (
    MAX_ATTACHMENT_BYTES,
    MAX_BODY_BYTES,
    MAX_LOGGED_REQUESTS,
    XeroEmulatorSettings,
)
from bookbridge.emulators.xero.state import StateDirectory
from bookbridge.emulators.xero.wire import problem

log = structlog.get_logger(__name__)

_API_ROOT = ("api.xro", "2.0")


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

    def __init__(self, settings: XeroEmulatorSettings, state: StateDirectory | None = None) -> None:
        self.settings = settings
        self._state = state
        self._seed()
        if state is not None:
            self._resume(state)

    def _seed(self) -> None:
        self.clock = Clock()
        self.ids = Ids()
        self.identity = Identity(self.settings, self.clock, self.ids)
        self.limiter = Limiter(self.settings.limits, self.clock)
        self.faults = Faults()
        self.requests: deque[LoggedRequest] = deque(maxlen=MAX_LOGGED_REQUESTS)
        self.served = 0
        self.replays = Replays()
        self._cache = QueryCache()
        self.books: dict[str, Book] = {}
        for book in seed_books(self.settings):
            self.admit(book)

    def reset(self) -> None:
        """Forget everything, kept state too, and seed the books again; all tokens are void."""
        self._seed()
        self._keep_all()

    def admit(self, book: Book) -> None:
        """Make a seeded book one of the organisations."""
        self.books[book.organisation.organisation_id] = bring_to_present(book, self.clock, self.ids)

    # -- kept state -------------------------------------------------------------------------------

    def change(self, request: Request, *, client_id: str = "", made: Book | None = None) -> Response:
        """Carry out a request that may change the world, and keep it before it is answered.

        ``client_id`` is the app that was authorised; ``made`` a book seeded beforehand for this request.
        """
        reading, seed = self.clock.read(), secrets.token_hex(16)
        with self.clock.stand(reading), self.ids.series(seed):
            response = self._carry_out(request, client_id, made)
        if self._state is None or not to_keep(request, response):
            return response
        try:
            kept = journalled(request)
            if self._state.snapshot_due:
                self._keep_all()
            else:
                self._state.append(
                    Effect(clock=reading, seed=seed, client_id=client_id, request=kept, status=response.status)
                )
        except OSError as error:
            log.error("emulator.state_not_kept", error=str(error))
            return text_response("The emulator could not keep its state", 507)
        return response

    def _carry_out(self, request: Request, client_id: str, made: Book | None = None) -> Response:
        path = path_of(request)
        if path[:1] == ("_emulator",):
            return control.change(self, request, made)
        if path[:1] == ("connections",):
            return oauth_routes.disconnect(self.identity, request, client_id)
        if path[:2] != _API_ROOT:
            return self._identity(request)
        book = self.books[request.headers["xero-tenant-id"].lower()]
        response = self._answer(book, request, request.segments[2:])
        self.replays.keep(client_id, book.organisation.organisation_id, request, response)
        return response

    def _resume(self, state: StateDirectory) -> None:
        """Go on where the state directory left off; what cannot be read is set aside and the world begins anew."""
        effects: list[Effect] = []
        resumed = False
        try:
            if (frozen := state.snapshot()) is not None:
                self._take_over(snapshot.thaw(frozen))
                effects, resumed = state.effects(), True
        except snapshot.SnapshotUnreadable as error:
            log.error("emulator.state_unreadable", error=str(error))
            state.set_aside()
            self._seed()
        differing = 0
        for effect in effects:
            with self.clock.stand(effect.clock), self.ids.series(effect.seed):
                differing += self._carry_out(effect.request, effect.client_id).status != effect.status
        if differing:
            log.warning("emulator.replays_differ", effects=len(effects), differing=differing)
        # Also at the first start: what was linked must not depend on how a later version seeds its books.
        if effects or not resumed:
            self._keep_all()

    def _take_over(self, root: dict[str, Any]) -> None:
        self.clock.restore(root["clock"])
        self.identity.restore(root["identity"])
        self.replays.restore(root["answers"])
        self.books = root["books"]
        for book in self.books.values():
            book.clock, book.ids = self.clock, self.ids

    def _keep_all(self) -> None:
        if self._state is None:
            return
        root = {
            "clock": self.clock.read(),
            "identity": self.identity.state(),
            "answers": self.replays.state(),
            "books": self.books,
        }
        self._state.replace(snapshot.freeze(root))

    # -- ASGI -------------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await answer_lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        request = read_head(scope)
        try:
            limit = MAX_ATTACHMENT_BYTES if "attachments" in request.path.lower() else MAX_BODY_BYTES
            request.body = await read_body(receive, limit)
        except CutOff:
            # A piece of a request is none: it has no effect, and its Idempotency-Key is not used up.
            return
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
                self.change(control.request("expire-tokens"))
            elif kind == "revoke":
                self.change(control.request("revoke"))
            elif kind == "drop_after":
                after = True
            elif kind != "slow":
                return fault_answer(fault)
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
        path = path_of(request)
        if path[:2] == _API_ROOT:
            return await self._accounting(request, request.segments[2:])
        if path[:1] == ("connections",):
            return self._connections(request)
        if request.method == "POST":
            return self.change(request)
        return self._identity(request)

    def _identity(self, request: Request) -> Response:
        path = path_of(request)
        if path[:1] == ("identity",):
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
        if request.method == "DELETE":
            return self.change(request, client_id=found[0])
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
            response = too_many(exceeded)
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
        if request.method == "GET":
            return self._read(book, request, segments)
        kept = self.replays.answer(client_id, book.organisation.organisation_id, request)
        if kept is not None:
            return kept
        return self.change(request, client_id=client_id)

    def _read(self, book: Book, request: Request, segments: tuple[str, ...]) -> Response:
        """Answer a GET; where a fault asks for it, a record served before is edited first."""
        for edit in page_edits.due(self.faults, book, segments):
            self.change(edit)
        response = self._answer(book, request, segments)
        if response.status == 200:
            page_edits.note(self.faults, book, request, segments, self._cache)
        return response

    def _answer(self, book: Book, request: Request, segments: tuple[str, ...]) -> Response:
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


def _loggable_query(request: Request) -> str:
    """The query, without what an authorization carries."""
    return "" if request.path.lower().endswith("/authorize") else request.query_string


def create_app(settings: XeroEmulatorSettings | None = None, *, state: Path | None = None) -> ASGIApp:
    """The emulator, ready to be served by any ASGI server.

    It answers the authorize, token and revocation paths (with or without a leading ``/identity``),
    ``/connections``, ``/api.xro/2.0/…`` and the control API under ``/_emulator/…``. With a ``state``
    directory its world outlives the process. Raises StateInUse, OSError.
    """
    return Emulator(settings or XeroEmulatorSettings(), None if state is None else StateDirectory(state))
