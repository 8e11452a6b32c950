"""Installations of real processes: one as shipped for a whole test process, others for tests that break things."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from bookbridge.emulators.xero import XeroEmulatorSettings
from tests.e2e.installation import Installation
from tests.emulators.xero.world import GENEROUS, World, serve


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation as shipped, with the sandbox that it serves itself."""
    made = Installation(tmp_path_factory.mktemp("live"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def live(shipped: Installation) -> Iterator[Installation]:
    """The shared installation. What it logged is shown when the test fails."""
    yield shipped
    print(shipped.log())


@pytest.fixture
def world() -> Iterator[World]:
    """A vendor without limits whose refresh tokens work exactly once; it outlives whatever is killed."""
    with serve(XeroEmulatorSettings(limits=GENEROUS, refresh_grace_s=0)) as running:
        yield running


@pytest.fixture
def installation(tmp_path: Path, world: World) -> Iterator[Installation]:
    """An installation of this test's own, at `world`. What it logged is shown when the test fails."""
    made = Installation(tmp_path, world)
    made.start()
    yield made
    made.stop()
    print(made.log())


class Receiver:
    """An application's webhook receiver. It takes only what is signed rightly."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.secret = ""
        self.is_down = False
        self.refused = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                self.send_response(receiver.take(body, dict(self.headers.items())))
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/events"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, body: bytes, headers: dict[str, str]) -> int:
        if self.is_down or not self.secret:
            self.refused += 1
            return 503
        Webhook(self.secret).verify(body, headers)
        self.events.append(json.loads(body))
        return 204

    def subscribe(self, installation: Installation, *event_types: str) -> None:
        draft = {"url": self.url, "eventTypes": list(event_types)}
        self.secret = installation.call("POST", "/webhooks", draft)["secret"]

    def of(self, event_type: str, company: str) -> list[dict[str, Any]]:
        """Payloads of one type about one company."""
        return [
            event["payload"]
            for event in list(self.events)
            if event["eventType"] == event_type
            and event["payload"].get("referenceCompany", event["payload"]).get("id") == company
        ]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


BillOf = Callable[..., dict[str, Any]]


@pytest.fixture
def bill_of() -> BillOf:
    """Makes a bill with one line that adds up, in the contract's form."""

    def bill(supplier_id: str, account_id: str, reference: str) -> dict[str, Any]:
        line = {
            "description": "Paper",
            "quantity": 3,
            "unitAmount": 4,
            "subTotal": 12,
            "taxAmount": 2.4,
            "totalAmount": 14.4,
            "accountRef": {"id": account_id},
            "taxRateRef": {"id": "INPUT2"},
        }
        return {
            "supplierRef": {"id": supplier_id},
            "reference": reference,
            "issueDate": "2026-06-01T00:00:00",
            "dueDate": "2026-07-01T00:00:00",
            "status": "Open",
            "subTotal": 12,
            "taxAmount": 2.4,
            "totalAmount": 14.4,
            "lineItems": [line],
        }

    return bill
