"""A vendor of our own making, over real HTTP: a consent's token endpoint and a ledger, with switches for faults.

It stands for any OAuth 2 vendor with rotating refresh tokens; the real connectors have their own tests.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import json
import secrets
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qs, parse_qsl, urlsplit

import asyncpg
import httpx2
import pytest
import uvicorn

from bookbridge.companies import clients, companies, lifecycle
from bookbridge.companies.companies import Company
from bookbridge.companies.connections import Connection
from bookbridge.companies.link import Link
from bookbridge.companies.link_codes import LinkCodes
from bookbridge.companies.sessions import Sessions
from bookbridge.companies.tokens import Tokens
from bookbridge.companies.vault import SecretKey, Vault, from_text, new_key
from bookbridge.companies.vendor_apps import VendorApps
from bookbridge.companies.views import Views
from bookbridge.connectors import registry
from bookbridge.connectors.kit import http as kit_http
from bookbridge.connectors.kit.auth import CredentialForm, FormField, OAuth2
from bookbridge.connectors.kit.connector import CallLimit, Connector, Limits
from bookbridge.connectors.kit.session import Access, Organisation, VendorApp
from bookbridge.jobs.budgets import CallBudget
from tests.waiting import until

VENDOR_KEY = "gbol"
FORM_VENDOR_KEY = "akxx"
CLIENT_ID = "client+id"
CLIENT_SECRET = "client secret/%"
BASE_URL = "https://books.example"
CLOCK_START_S = 1_800_000_000.0


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = CLOCK_START_S

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Vendor:
    """The vendor's state and switches. A refresh token works once, unless `grace` lets the one before work too."""

    url: str = ""
    answer_after_s: float = 0.0
    grace: bool = False
    fail_status: int | None = None
    token_lifetime_s: int = 1_800
    organisations: list[tuple[str, str]] = field(default_factory=lambda: [("org-1", "Ledger One")])
    codes: dict[str, str] = field(default_factory=dict)
    live_refresh: set[str] = field(default_factory=set)
    used_refresh: set[str] = field(default_factory=set)
    live_access: set[str] = field(default_factory=set)
    refreshes: int = 0
    disconnects: int = 0
    forms: list[dict[str, str]] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def consent(self, authorize_url: str) -> dict[str, str]:
        """What the browser brings back when the person agrees."""
        query = dict(parse_qsl(urlsplit(authorize_url).query))
        code = secrets.token_urlsafe(8)
        self.codes[code] = query["code_challenge"]
        return {"state": query["state"], "code": code}

    def issue(self) -> tuple[str, str]:
        number = next(self._numbers)
        access, refresh = f"access-{number}", f"refresh-{number}"
        self.live_access.add(access)
        self.live_refresh.add(refresh)
        return access, refresh

    async def __call__(self, scope, receive, send) -> None:
        assert scope["type"] == "http"
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, answer = await self._answer(scope["path"], headers, dict(parse_qsl(body.decode())))
        content = json.dumps(answer).encode()
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": content})
        self.answered.set()

    async def _answer(self, path: str, headers: dict[str, str], form: dict[str, str]):
        if path == "/token":
            return await self._token(headers, form)
        if path == "/boom":
            return 500, {}
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        signed = headers.get("x-key") == "right"
        if bearer not in self.live_access and not signed:
            return 401, {}
        if path == "/organisations":
            return 200, [{"id": key, "name": name} for key, name in self.organisations]
        if path == "/disconnect":
            self.disconnects += 1
        return 200, {}

    async def _token(self, headers: dict[str, str], form: dict[str, str]):
        self.forms.append(form)
        pair = base64.b64encode(b"client%2Bid:client%20secret%2F%25").decode()
        if headers.get("authorization") != f"Basic {pair}":
            return 401, {"error": "invalid_client"}
        if form["grant_type"] == "refresh_token":
            self.refreshes += 1
            refused = self._refresh(form["refresh_token"])
        else:
            challenge = self.codes.pop(form["code"], None)
            made = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest())
            refused = challenge != made.rstrip(b"=").decode()
        await asyncio.sleep(self.answer_after_s)
        if self.fail_status is not None:
            return self.fail_status, {}
        if refused:
            return 400, {"error": "invalid_grant"}
        access, refresh = self.issue()
        return 200, {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": self.token_lifetime_s,
            "token_type": "Bearer",
        }

    def _refresh(self, token: str) -> bool:
        """Use the token up; whether it is refused."""
        if self.fail_status is not None:
            return False
        if token in self.live_refresh:
            self.live_refresh.discard(token)
            self.used_refresh.add(token)
            return False
        return not (self.grace and token in self.used_refresh)


class VendorSession:
    """A session that can only disconnect."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def disconnect(self) -> None:
        await _call(self._access, "POST", "disconnect")

    async def ask(self) -> None:
        await _call(self._access, "GET", "organisations")


async def _call(access: Access, method: str, name: str) -> kit_http.Answer:
    key = await access.authorizer.credential("key")
    return await kit_http.call(
        access,
        method,
        access.app.endpoints["api"] + "/" + name,
        effect=method == "POST",
        meaning=kit_http.usual_meaning,
        headers={"x-key": key} if key else None,
    )


async def _organisations(access: Access) -> list[Organisation]:
    answer = await _call(access, "GET", "organisations")
    return [Organisation(each["id"], each["name"], {"tenant_id": each["id"]}) for each in json.loads(answer.body)]


async def _identify(access: Access) -> Organisation:
    for organisation in await _organisations(access):
        if organisation.id == access.facts["tenant_id"]:
            return Organisation(organisation.id, organisation.name, {**organisation.facts, "base_currency": "GBP"})
    raise AssertionError("identified an organisation that does not exist")


def make_connector(key: str, auth: OAuth2 | CredentialForm) -> Connector:
    return Connector(
        key=key,
        auth=auth,
        endpoints={},
        limits=Limits(calls=(CallLimit(60, 60),), in_flight_max=5),
        reads=(),
        writes=(),
        open=VendorSession,  # type: ignore[arg-type]
        organisations=_organisations,
        identify=_identify,
    )


OAUTH = OAuth2(scopes=("books", "offline"), token_timeout_s=5.0)
CONNECTORS = {
    VENDOR_KEY: make_connector(VENDOR_KEY, OAUTH),
    FORM_VENDOR_KEY: make_connector(FORM_VENDOR_KEY, CredentialForm((FormField("key", "Key", secret=True),))),
}


@pytest.fixture(autouse=True)
def connectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "connector", CONNECTORS.get)


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    """The vendor, listening on a port of its own."""
    made = Vendor()
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(made, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listening]))
    made.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    await until(lambda: server.started)
    yield made
    server.should_exit = True
    server.force_exit = True
    await task


def vendor_apps(url: str) -> VendorApps:
    endpoints = {
        "authorize": url + "/authorize",
        "token": url + "/token",
        "api": url,
    }
    app = VendorApp(CLIENT_ID, CLIENT_SECRET, endpoints)
    return VendorApps({VENDOR_KEY: app, FORM_VENDOR_KEY: app})


@pytest.fixture
def vault() -> Vault:
    return vault_of(new_key("k1"))


def vault_of(*keys: SecretKey) -> Vault:
    return from_text(",".join(f"{key.id}:{key.key}" for key in keys))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def codes(vault: Vault, clock: Clock) -> LinkCodes:
    return LinkCodes(vault, clock)


@pytest.fixture
def views(codes: LinkCodes) -> Views:
    return Views(BASE_URL, codes)


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with kit_http.client() as client:
        yield client


@pytest.fixture
async def tokens(
    pool: asyncpg.Pool, vault: Vault, http: httpx2.AsyncClient, vendor: Vendor, views: Views
) -> AsyncIterator[Tokens]:
    made = Tokens(pool, vault, http, vendor_apps(vendor.url), views)
    yield made
    await made.aclose()


@pytest.fixture
def sessions(pool: asyncpg.Pool, http: httpx2.AsyncClient, vendor: Vendor, tokens: Tokens) -> Sessions:
    return Sessions(http, vendor_apps(vendor.url), tokens, CallBudget(pool))


@dataclass
class FirstReads:
    """What `on_linked` was called with; raises while `broken`."""

    calls: list[tuple[Connection, bool]] = field(default_factory=list)
    broken: bool = False

    async def __call__(self, db: asyncpg.Connection, connection: Connection, first: bool) -> None:
        assert db.is_in_transaction()
        if self.broken:
            raise RuntimeError("the first read could not be queued")
        self.calls.append((connection, first))


@pytest.fixture
def first_reads() -> FirstReads:
    return FirstReads()


@pytest.fixture
async def link(
    pool: asyncpg.Pool,
    vault: Vault,
    http: httpx2.AsyncClient,
    vendor: Vendor,
    views: Views,
    codes: LinkCodes,
    sessions: Sessions,
    first_reads: FirstReads,
) -> Link:
    await clients.ensure_client(pool, vault)
    return Link(
        pool,
        vault,
        http,
        views=views,
        codes=codes,
        apps=vendor_apps(vendor.url),
        sessions=sessions,
        on_linked=first_reads,
    )


@pytest.fixture
async def company(pool: asyncpg.Pool, views: Views) -> Company:
    async with pool.acquire() as db, db.transaction():
        return await companies.create(db, views, name="Acme", tags={"region": "uk"})


@pytest.fixture
async def connection(pool: asyncpg.Pool, views: Views, company: Company) -> Connection:
    """A pending connection to the vendor."""
    async with pool.acquire() as db, db.transaction():
        return await lifecycle.created(db, views, company.id, VENDOR_KEY)


async def events(pool: asyncpg.Pool) -> list[str]:
    """The webhooks that were told of, in order."""
    rows = await pool.fetch("select event_type from webhook_messages order by created, id")
    return [row["event_type"] for row in rows]


async def payload(pool: asyncpg.Pool, event_type: str) -> dict:
    """The payload of the newest webhook of a type."""
    body = await pool.fetchval(
        "select body from webhook_messages where event_type = $1 order by created desc limit 1", event_type
    )
    return json.loads(body)["payload"]


def code_of(url: str) -> str:
    """The code in a link URL."""
    query = parse_qs(urlsplit(url).query)
    return (query.get("otp") or query["link.otp"])[0]
