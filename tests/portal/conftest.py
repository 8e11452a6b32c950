"""The pages on a real server, a vendor's emulator beside them, and a browser that only follows links and forms."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import asyncpg
import httpx2
import lxml.html
import pytest
import uvicorn
from litestar import Litestar

from bookbridge.companies import clients, companies, connections, lifecycle
from bookbridge.companies.companies import Company
from bookbridge.companies.connections import Connection
from bookbridge.companies.link import Link
from bookbridge.companies.link_codes import LinkCodes
from bookbridge.companies.sessions import Sessions
from bookbridge.companies.tokens import Tokens
from bookbridge.companies.vault import Vault, from_text, new_key
from bookbridge.companies.vendor_apps import VendorApps
from bookbridge.companies.views import Views
from bookbridge.connectors.kit import http as vendor_http
from bookbridge.connectors.kit.session import VendorApp
from bookbridge.emulators.xero import XeroEmulatorSettings, create_app
from bookbridge.jobs.budgets import CallBudget
from bookbridge.portal.app import route_handlers
from bookbridge.portal.services import PortalServices
from bookbridge.sync import schedule
from tests.waiting import DEADLINE_S, until

API_KEY = "portal-test-key-0123456789"
PLATFORM = "gbol"
PLATFORM_WITHOUT_CONNECTOR = "pdvj"
CLIENT_NAME = "Acme Pay"
HELP_CONTACT = "help@acme.example"


class Clock:
    """Unix seconds, moved by hand from the present."""

    def __init__(self) -> None:
        self.now_s = time.time()

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Page:
    """An answer, read as a browser would."""

    response: httpx2.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def url(self) -> str:
        return str(self.response.url)

    @property
    def tree(self) -> Any:
        return lxml.html.fromstring(self.response.text, base_url=self.url)

    @property
    def text(self) -> str:
        return " ".join(self.tree.find("body").text_content().split())

    @property
    def heading(self) -> str:
        return " ".join(self.tree.find(".//h1").text_content().split())

    def link(self, text: str) -> str:
        """Where the link with this text leads."""
        for anchor in self.tree.iterfind(".//a"):
            if anchor.text_content().strip() == text:
                return urljoin(self.url, anchor.get("href"))
        raise AssertionError(f"no link {text!r} on {self.heading!r}: {self.text}")


@dataclass
class Person:
    """Somebody with a browser: keeps cookies, follows redirects, sends the forms it is shown."""

    http: httpx2.AsyncClient
    pages: list[Page] = field(default_factory=list)

    async def open(self, url: str) -> Page:
        return self._seen(await self.http.get(url))

    async def press(self, page: Page, button: str, **values: str) -> Page:
        """Fill in the form that has this button and press it. Raises AssertionError for fields it does not have."""
        for form in page.tree.iterfind(".//form"):
            for control in form.iterfind(".//button"):
                if " ".join(control.text_content().split()) == button:
                    return await self._send(page, form, control, values)
        raise AssertionError(f"no button {button!r} on {page.heading!r}: {page.text}")

    async def _send(self, page: Page, form: Any, control: Any, values: dict[str, str]) -> Page:
        known = {entry.get("name") for entry in form.iter("input", "select", "textarea")}
        assert set(values) <= known, f"{set(values) - known} not in the form"
        fields = {**dict(form.form_values()), **values}
        if control.get("name"):
            fields[control.get("name")] = control.get("value", "")
        target = urljoin(page.url, control.get("formaction") or form.get("action") or page.url)
        if form.get("method", "get").lower() == "get":
            return self._seen(await self.http.get(target, params=fields))
        return self._seen(await self.http.post(target, data=fields))

    def _seen(self, response: httpx2.Response) -> Page:
        self.pages.append(Page(response))
        return self.pages[-1]


@asynccontextmanager
async def listening(app: Any, listener: socket.socket) -> AsyncIterator[None]:
    """Serve the ASGI app on an open socket."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    await until(lambda: server.started)
    try:
        yield
    finally:
        server.should_exit = True
        await task


def bound() -> tuple[socket.socket, str]:
    """A listening socket on a free port, and its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    return listener, f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
async def vendor_url() -> AsyncIterator[str]:
    """The address of an emulator of its own."""
    listener, url = bound()
    async with listening(create_app(XeroEmulatorSettings()), listener):
        yield url


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def vault() -> Vault:
    key = new_key("k1")
    return from_text(f"{key.id}:{key.key}")


@dataclass
class Site:
    """The pages under test."""

    url: str
    vendor_url: str
    pool: asyncpg.Pool
    services: PortalServices

    async def company(self, name: str = "Larkfield Ltd") -> Company:
        async with self.pool.acquire() as db, db.transaction():
            return await companies.create(db, self.services.views, name=name)

    async def connection(self, company: Company, key: str = PLATFORM) -> Connection:
        async with self.pool.acquire() as db, db.transaction():
            return await lifecycle.created(db, self.services.views, company.id, key)

    async def current(self, connection: Connection) -> Connection:
        async with self.pool.acquire() as db:
            return await connections.get(db, connection.company_id, connection.id)

    async def link_url(self, connection: Connection) -> str:
        found = await self.current(connection)
        return self.services.views.connection_link(found.company_id, found.id, found.link_generation)

    async def company_url(self, company: Company) -> str:
        async with self.pool.acquire() as db:
            found = await companies.get(db, company.id)
        return self.services.views.company_link(found.id, found.link_generation)

    async def set_profile(self, **changes: Any) -> None:
        async with self.pool.acquire() as db, db.transaction():
            profile = clients.Profile(**{"name": CLIENT_NAME, "redirect_url": "", **changes})
            await clients.replace_profile(db, profile)


@pytest.fixture
async def site(pool: asyncpg.Pool, vault: Vault, clock: Clock, vendor_url: str) -> AsyncIterator[Site]:
    listener, url = bound()
    codes = LinkCodes(vault, clock)
    views = Views(url, codes)
    apps = VendorApps({PLATFORM: sandbox(vendor_url)})
    async with vendor_http.client() as http:
        tokens = Tokens(pool, vault, http, apps, views)
        sessions = Sessions(http, apps, tokens, CallBudget(pool))
        link = Link(
            pool,
            vault,
            http,
            views=views,
            codes=codes,
            apps=apps,
            sessions=sessions,
            on_linked=schedule.on_linked,
        )
        services = PortalServices(
            pool=pool,
            vault=vault,
            views=views,
            codes=codes,
            link=link,
            sessions=sessions,
            apps=apps,
            sign_in_budget=CallBudget(pool),
            help_contact=HELP_CONTACT,
            private_webhook_addresses=True,
        )
        await clients.ensure_client(pool, vault, API_KEY)
        made = Site(url, vendor_url, pool, services)
        await made.set_profile()
        app = Litestar(route_handlers=list(route_handlers(services)), openapi_config=None, logging_config=None)
        async with listening(app, listener):
            yield made
        await tokens.aclose()


def sandbox(url: str) -> VendorApp:
    """Our registration at the emulator."""
    return VendorApp(
        client_id="bookbridge-sandbox-client",
        client_secret="bookbridge-sandbox-secret",
        endpoints={
            "authorize": f"{url}/identity/connect/authorize",
            "token": f"{url}/connect/token",
            "revoke": f"{url}/connect/revocation",
            "connections": f"{url}/connections",
            "api": f"{url}/api.xro/2.0",
        },
    )


@pytest.fixture
async def person() -> AsyncIterator[Person]:
    async with httpx2.AsyncClient(follow_redirects=True, timeout=DEADLINE_S) as http:
        yield Person(http)


@pytest.fixture
async def stranger() -> AsyncIterator[Person]:
    """Another browser."""
    async with httpx2.AsyncClient(follow_redirects=True, timeout=DEADLINE_S) as http:
        yield Person(http)


def host_of(url: str) -> str:
    return urlsplit(url).netloc
