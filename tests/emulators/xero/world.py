"""A running emulator for tests: served by uvicorn in a thread, driven like a browser and an app would."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import uvicorn

from bookbridge.emulators.xero import XeroEmulatorSettings, create_app
from bookbridge.emulators.xero.app import Emulator
from bookbridge.emulators.xero.http import ASGIApp
from bookbridge.emulators.xero.settings import RateLimits

CLIENT_ID = "bookbridge-sandbox-client"
CLIENT_SECRET = "bookbridge-sandbox-secret"
REDIRECT = "http://localhost:9/callback"
SCOPES = (
    "openid profile email offline_access accounting.transactions accounting.settings accounting.contacts "
    "accounting.attachments accounting.journals.read accounting.reports.read"
)
MANY = 1_000_000
GENEROUS = RateLimits(tenant_per_minute=MANY, tenant_per_day=MANY, in_flight=MANY, app_per_minute=MANY)
_START_DEADLINE_S = 20.0


class World:
    """One emulator being served, and helpers to reach it."""

    def __init__(self, base_url: str, emulator: Emulator) -> None:
        self.base_url = base_url
        self.emulator = emulator
        self.http = httpx2.Client(base_url=base_url, timeout=30)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        response = self.http.request(method, f"/_emulator/{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def fault(self, **fault: Any) -> Any:
        return self.control("POST", "faults", fault)

    @property
    def tenants(self) -> list[dict[str, Any]]:
        return self.control("GET", "organisations")["organisations"]

    def consent(self, *, pick: int = 1, scope: str = SCOPES, state: str = "xyz", **more: str) -> dict[str, str]:
        """Open the consent page, tick ``pick`` organisations, allow, and return the callback's query."""
        query = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT,
            "scope": scope,
            "state": state,
            **more,
        }
        page = self.http.get(f"/identity/connect/authorize?{urlencode(query)}")
        assert page.status_code == 200, page.text
        offered = re.findall(r'name="tenant" value="([^"]+)"', page.text)
        action = re.search(r'action="([^"]+)"', page.text)
        assert action is not None
        url = f"/identity/connect/authorize{action[1].replace('&amp;', '&')}"
        form = {"tenant": offered[:pick], "decision": "allow"}
        answer = self.http.post(url, data=form)
        assert answer.status_code == 302, answer.text
        return {k: v[0] for k, v in parse_qs(urlsplit(answer.headers["location"]).query).items()}

    def token(self, **form: str) -> httpx2.Response:
        body = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **form}
        return self.http.post("/connect/token", data=body)

    def sign_in(self, *, pick: int = 1, scope: str = SCOPES) -> dict[str, Any]:
        """A whole consent with PKCE; returns the token body."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        callback = self.consent(pick=pick, scope=scope, code_challenge=challenge, code_challenge_method="S256")
        answer = self.token(
            grant_type="authorization_code",
            code=callback["code"],
            redirect_uri=REDIRECT,
            code_verifier=verifier,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def session(self, **more: Any) -> Api:
        """An authorised caller of the first organisation."""
        token = self.sign_in(**more)
        connections = self.http.get("/connections", headers={"authorization": f"Bearer {token['access_token']}"}).json()
        return Api(self, token, connections[0]["tenantId"])


class Api:
    """Plain HTTP calls of the Accounting API in one organisation."""

    def __init__(self, world: World, token: dict[str, Any], tenant: str) -> None:
        self.world, self.token, self.tenant = world, token, tenant
        self.book = world.emulator.books[tenant]

    @property
    def headers(self) -> dict[str, str]:
        return {
            "authorization": f"Bearer {self.token['access_token']}",
            "xero-tenant-id": self.tenant,
            "accept": "application/json",
        }

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> httpx2.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        if body is not None:
            more["content"] = json.dumps(body)
            headers.setdefault("content-type", "application/json")
        return self.world.http.request(method, f"/api.xro/2.0/{path}", headers=headers, **more)

    def ok(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        response = self.call(method, path, body, **more)
        assert response.status_code == 200, response.text
        return response.json()

    def errors(self, method: str, path: str, body: Any = None, **more: Any) -> list[str]:
        """The validation messages of a call that must be refused with 400."""
        response = self.call(method, path, body, **more)
        assert response.status_code == 400, response.text
        payload = response.json()
        assert payload["ErrorNumber"] == 10
        return [entry["Message"] for element in payload["Elements"] for entry in element["ValidationErrors"]]

    def get(self, path: str, **more: Any) -> list[dict[str, Any]]:
        payload = self.ok("GET", path, **more)
        return payload[path.split("?")[0].split("/")[0]]


@contextmanager
def serve(settings: XeroEmulatorSettings, wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app) -> Iterator[World]:
    """Serve an emulator on a free port until the block ends; ``wrap`` puts middleware around it."""
    app = create_app(settings)
    assert isinstance(app, Emulator)
    server = uvicorn.Server(
        uvicorn.Config(
            wrap(app), host="127.0.0.1", port=0, log_level="error", lifespan="off", timeout_graceful_shutdown=1
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_DEADLINE_S
    while not server.started:
        assert time.monotonic() < deadline, "the emulator did not start"
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    world = World(f"http://127.0.0.1:{port}", app)
    try:
        yield world
    finally:
        world.http.close()
        server.should_exit = True
        thread.join(timeout=10)
