"""The ledger as the vendor's own API tells it, with a consent of our own."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from tests.e2e.browser import TIMEOUT_S, Browser
from tests.e2e.installation import Installation
from tests.emulators.xero.world import CLIENT_ID, CLIENT_SECRET, SCOPES

REDIRECT = "http://localhost:9/none"
PAGE_SIZE = 1_000


class Ledger:
    """Reads one organisation."""

    def __init__(self, installation: Installation, organisation_id: str) -> None:
        url = installation.emulator_url
        query = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT,
            "scope": SCOPES,
            "state": "ledger",
        }
        browser = Browser()
        page = browser.open(f"{url}/identity/connect/authorize?{urlencode(query)}")
        browser.http.follow_redirects = False
        target = page.tree.forms[0].action
        form = {"tenant": organisation_id, "decision": "allow"}
        answer = browser.http.post(httpx2.URL(page.url).join(target), data=form)
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        token = httpx2.post(f"{url}/connect/token", data=grant, auth=(CLIENT_ID, CLIENT_SECRET)).json()
        self._http = httpx2.Client(
            base_url=f"{url}/api.xro/2.0/",
            headers={
                "Authorization": f"Bearer {token['access_token']}",
                "xero-tenant-id": organisation_id,
                "Accept": "application/json",
            },
            timeout=TIMEOUT_S,
        )

    def get(self, path: str, **params: str) -> list[dict[str, Any]]:
        """What a path lists."""
        answer = self._http.get(path, params=params)
        assert answer.is_success, answer.text
        name = "Attachments" if path.endswith("Attachments") else path.split("/")[0]
        found: list[dict[str, Any]] = answer.json()[name]
        return found

    def list(self, resource: str) -> list[dict[str, Any]]:
        """All records of a resource, archived ones included."""
        found: list[dict[str, Any]] = []
        page = 1
        while rows := self.get(resource, page=str(page), pageSize=str(PAGE_SIZE), includeArchived="true"):
            found += rows
            page += 1
        return found
