"""The emulator as tests see it: consent like a person, add organisations, ask for faults, look at the log."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from bookbridge.connectors.kit.session import Access, VendorApp
from bookbridge.connectors.xero.auth import OAUTH2, identify, organisations
from bookbridge.connectors.xero.session import XeroSession

CLIENT_ID = "bookbridge-sandbox-client"
CLIENT_SECRET = "bookbridge-sandbox-secret"
REDIRECT_URI = "http://localhost/callback"


@dataclass
class Bearer:
    """An authorizer with one access token. It renews only when it was given a newer one."""

    token: str
    newer: str | None = None
    renewals: int = 0

    async def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def renew(self, rejected: Mapping[str, str]) -> bool:
        self.renewals += 1
        if self.newer is None:
            return False
        self.token, self.newer = self.newer, None
        return True

    async def credential(self, name: str) -> str | None:
        return self.token if name == "access_token" else None


@dataclass
class Tally:
    """A budget that only counts."""

    calls: int = 0
    in_flight: int = 0
    blocked: list[float] = field(default_factory=list)
    observed: list[tuple[int, int]] = field(default_factory=list)

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[None]:
        self.calls += 1
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1

    async def block(self, retry_after_s: float) -> None:
        self.blocked.append(retry_after_s)

    async def observe(self, window_s: int, remaining: int) -> None:
        self.observed.append((window_s, remaining))


@dataclass(frozen=True)
class Sandbox:
    """One running emulator."""

    url: str
    http: httpx2.AsyncClient

    async def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.http.request(method, f"{self.url}/_emulator/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def fault(self, kind: str, **details: Any) -> None:
        await self.control("POST", "faults", {"kind": kind, **details})

    async def clear_faults(self) -> None:
        await self.control("DELETE", "faults")

    async def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.control("GET", "requests"))["requests"]
        return found

    async def add_organisation(self, documents: int = 0) -> str:
        """A fresh organisation with an ordinary book, or with that many documents, half of them bills."""
        name = f"Organisation {uuid.uuid4().hex[:12]}"
        body = {"name": name, "documents": documents}
        tenant: str = (await self.control("POST", "organisations", body))["tenant_id"]
        return tenant

    def app(self, **options: str) -> VendorApp:
        return VendorApp(
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            endpoints={
                "authorize": f"{self.url}/identity/connect/authorize",
                "token": f"{self.url}/connect/token",
                "revoke": f"{self.url}/connect/revocation",
                "connections": f"{self.url}/connections",
                "api": f"{self.url}/api.xro/2.0",
            },
            options=options,
        )

    async def consent(self, *tenants: str, scopes: tuple[str, ...] = OAUTH2.scopes) -> str:
        """Consent to organisations on the vendor's page and exchange the code: an access token."""
        authorize = await self.http.post(
            f"{self.url}/identity/connect/authorize",
            params={
                "response_type": "code",
                "client_id": CLIENT_ID,
                "redirect_uri": REDIRECT_URI,
                "scope": " ".join(scopes),
                "state": "s",
            },
            data={"decision": "allow", "tenant": list(tenants)},
        )
        code = parse_qs(urlsplit(authorize.headers["location"]).query)["code"][0]
        answer = await self.http.post(
            f"{self.url}/connect/token",
            data={"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI},
            auth=(CLIENT_ID, CLIENT_SECRET),
        )
        token: str = answer.json()["access_token"]
        return token

    async def access(self, tenant: str, *, scopes: tuple[str, ...] = OAUTH2.scopes, **options: str) -> Access:
        """Everything a session needs, with the facts that linking would have learnt."""
        bearer = Bearer(await self.consent(tenant, scopes=scopes))
        fresh = Access(http=self.http, app=self.app(**options), authorizer=bearer, budget=Tally(), facts={})
        chosen = next(one for one in await organisations(fresh) if one.id == tenant)
        known = await identify(replace(fresh, facts=chosen.facts))
        return replace(fresh, facts=known.facts, budget=Tally())

    async def session(self, tenant: str, **options: str) -> XeroSession:
        return XeroSession(await self.access(tenant, **options))


def tally(access: Access) -> Tally:
    """The counting budget of an access made here."""
    assert isinstance(access.budget, Tally)
    return access.budget
