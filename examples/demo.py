"""The main job from start to end, against real processes, checked at every step.

Starts Bookbridge on its embedded PostgreSQL with the Xero emulator as sandbox, and does what a fintech's application
and its customer would do: create a company, connect it, authorise through Link, read the books, write a supplier, a
bill, its attachment and a payment back, see the ledger agree and the signed webhooks arrive, unlink. Exits with 0 only
if every step was checked.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from rich.console import Console
from rich.table import Table
from standardwebhooks.webhooks import Webhook

from bookbridge.emulators.sandboxes import SANDBOXES
from examples.browser import Browser

console = Console(highlight=False, width=110)
STEP_TIMEOUT_S = 20.0
EXACT = msgspec.json.Decoder(float_hook=Decimal)
RECEIPT = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\n%%EOF\n"


class CheckFailed(Exception):
    """A step did not come out as it must."""


def check(condition: bool, what: str) -> None:
    """Raise CheckFailed unless the condition holds."""
    if not condition:
        raise CheckFailed(what)


def until(probe: Callable[[], Any], what: str) -> Any:
    """Poll until the probe gives something true."""
    deadline = time.monotonic() + STEP_TIMEOUT_S
    while time.monotonic() < deadline:
        if found := probe():
            return found
        time.sleep(0.05)
    raise CheckFailed(f"{what} did not happen within {STEP_TIMEOUT_S:.0f} s")


@dataclass
class Application:
    """The fintech's side: a webhook receiver, and the page to which customers return."""

    secret: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    returns: list[str] = field(default_factory=list)
    port: int = 0

    @contextlib.contextmanager
    def serve(self) -> Iterator[None]:
        """Serve on a free port while the block runs."""
        application = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                # Raises when the signature is wrong: the sender then sees a failure and tries again.
                Webhook(application.secret).verify(body, dict(self.headers.items()))
                application.events.append(EXACT.decode(body))
                self.send_response(204)
                self.end_headers()

            def do_GET(self) -> None:
                application.returns.append(self.path)
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<h1>Welcome back to the application</h1>")

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()

    def event(self, event_type: str, **payload: Any) -> dict[str, Any] | None:
        """The first event of a type whose payload has these values."""
        for event in list(self.events):
            if event["eventType"] == event_type and all(event["payload"].get(k) == v for k, v in payload.items()):
                return event
        return None


def free_ports(count: int) -> int:
    """The first of some free ports in a row, none of which the system lends to outgoing connections."""
    while True:
        first = 10_000 + secrets.randbelow(20_000)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + count):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return first


@contextlib.contextmanager
def bookbridge(data_dir: Path, port: int, api_key: str) -> Iterator[None]:
    """`bookbridge up` in processes of its own; its log is shown if it does not come up."""
    log = data_dir / "bookbridge.log"
    environment = {
        **os.environ,
        "BOOKBRIDGE_API_KEY": api_key,
        "BOOKBRIDGE_WEBHOOK_PRIVATE_ADDRESSES": "true",  # the receiver is beside us
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "bookbridge", "up", "--port", str(port), "--data-dir", str(data_dir / "data")],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:

        def healthy() -> bool:
            check(process.poll() is None, f"bookbridge ended:\n{log.read_text()[-2000:]}")
            with contextlib.suppress(httpx2.HTTPError):
                return httpx2.get(f"http://127.0.0.1:{port}/health").is_success
            return False

        until(healthy, "start of bookbridge")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


class Demo:
    """The steps, in order. Each checks what it did."""

    def __init__(self, base_url: str, emulator_url: str, api_key: str, application: Application) -> None:
        authorization = "Basic " + base64.b64encode(api_key.encode()).decode()
        self.api = httpx2.Client(base_url=base_url, headers={"Authorization": authorization}, timeout=30.0)
        self.emulator_url = emulator_url
        self.application = application
        self.company = self.connection = ""
        self.bill_id = self.supplier_id = ""
        self.total = Decimal(0)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """An API call that must succeed; numbers are exact."""
        response = self.api.request(method, path, **options)
        check(response.is_success, f"{method} {path} answered {response.status_code}: {response.text[:400]}")
        return EXACT.decode(response.content) if response.content else None

    def prepare(self) -> str:
        """Tell Bookbridge where customers return to, and subscribe to events."""
        template = f"http://127.0.0.1:{self.application.port}/linked?company={{companyId}}&status={{statusCode}}"
        self.call("PUT", "/profile", json={"name": "Demo Fintech", "redirectUrl": template})
        wanted = ["connection.connected", "connection.disconnected", "read.completed.initial"]
        wanted += ["suppliers.write.successful", "bills.write.successful", "billPayments.write.successful"]
        url = f"http://127.0.0.1:{self.application.port}/events"
        consumer = self.call("POST", "/webhooks", json={"url": url, "eventTypes": wanted})
        self.application.secret = consumer["secret"]
        return f"{len(wanted)} event types"

    def create_company(self) -> str:
        """A company, and a connection to Xero that waits for authorisation."""
        company = self.call("POST", "/companies", json={"name": "Harbour Bakery", "tags": {"region": "uk"}})
        self.company = company["id"]
        connection = self.call("POST", f"/companies/{self.company}/connections", json={"platformKey": "gbol"})
        self.connection = connection["id"]
        self.link_url = connection["linkUrl"]
        check(connection["status"] == "PendingAuth", f"a new connection is {connection['status']}")
        return f"{company['name']} → {connection['platformName']}: {connection['status']}"

    def link(self) -> str:
        """The customer's part: consent here, consent at the vendor, confirmation, back to the application."""
        browser = Browser()
        page = browser.open(self.link_url)
        check(page.status == 200 and "Demo Fintech" in page.text, f"the Link page says {page.text[:200]}")
        page = browser.press(page, "Continue")
        organisations = browser.choices(page, "checkbox")
        name, (box, value) = next(iter(organisations.items()))
        page = browser.press(page, "Allow", {box: value})
        check(name in page.text, f"the confirmation does not name {name}: {page.text[:300]}")
        page = browser.follow(page, "Continue")
        check(f"company={self.company}&status=200" in page.url, f"the customer came back to {page.url}")
        replay = browser.open(self.link_url)
        check(replay.status != 200, "the link code worked twice")
        until(lambda: self.application.event("connection.connected"), "the event connection.connected")
        return f"{name} (asked {len(organisations)}), code refused when replayed"

    def first_sync(self) -> Table:
        """The first read, and the proof that it is complete."""
        until(lambda: self.application.event("read.completed.initial"), "the first read")
        history = self.call("GET", f"/companies/{self.company}/data/history")["results"]
        unfinished = [row for row in history if row["status"] != "Complete"]
        check(not unfinished, f"not complete: {unfinished}")
        table = Table("data type", "status", "expected", "stored", "how it was checked", title="First read")
        for row in self.call("GET", f"/companies/{self.company}/data/completeness")["results"]:
            check(row["completeness"] == "Complete", f"{row['dataType']} is {row['completeness']}")
            expected, stored = str(row.get("expected", "")), str(row.get("stored", ""))
            table.add_row(row["dataType"], row["completeness"], expected, stored, row["completenessMethod"])
        return table

    def query(self) -> Table:
        """List and query bills."""
        path = f"/companies/{self.company}/data/bills"
        every = self.call("GET", path, params={"pageSize": 1})["totalResults"]
        query = {"query": "amountDue>0&&metadata.isDeleted!=true", "orderBy": "-amountDue", "pageSize": 5}
        due = self.call("GET", path, params=query)
        amounts = [bill["amountDue"] for bill in due["results"]]
        check(0 < due["totalResults"] < every, f"{due['totalResults']} of {every} bills are due")
        check(amounts == sorted(amounts, reverse=True) and min(amounts) > 0, f"amounts due came as {amounts}")
        table = Table(
            "reference", "supplier", "due date", "amount due", title=f"{due['totalResults']} of {every} bills are due"
        )
        for bill in due["results"]:
            supplier = bill.get("supplierRef", {}).get("supplierName", "")
            table.add_row(bill["reference"], supplier, bill["dueDate"][:10], f"{bill['amountDue']} {bill['currency']}")
        return table

    def push(self, path: str, **options: Any) -> dict[str, Any]:
        """Send a write and wait for its outcome."""
        base = f"/companies/{self.company}"
        # The record comes back with the write itself. A read of its whole type afterwards, the default, would only use
        # up the 60 calls a minute that the ledger takes.
        options["params"] = {"allowSyncOnPushComplete": "false"}
        operation = self.call("POST", f"{base}/connections/{self.connection}/push/{path}", **options)
        key = operation["pushOperationKey"]

        def outcome() -> Any:
            now = self.call("GET", f"{base}/push/{key}")
            return now if now["status"] != "Pending" else None

        done: dict[str, Any] = until(outcome, f"the outcome of {path}")
        check(
            done["status"] == "Success", f"{path}: {done['status']} {done.get('errorMessage')} {done.get('validation')}"
        )
        return done

    def write(self) -> Table:
        """A supplier, a bill with its attachment, and its payment."""
        table = Table("write", "key", "outcome", title="Writes")
        base = f"/companies/{self.company}"
        supplier = self.push("suppliers", json={"supplierName": "Mill Lane Flour Co", "status": "Active"})
        self.supplier_id = supplier["changes"][0]["recordRef"]["id"]
        accounts = {"query": "type=Expense&&status=Active&&isBankAccount=false", "pageSize": 1}
        account = self.call("GET", f"{base}/data/accounts", params=accounts)["results"][0]
        bill = {
            "reference": "MLF-2041",
            "supplierRef": {"id": self.supplier_id},
            "issueDate": "2026-06-20T00:00:00",
            "dueDate": "2026-07-20T00:00:00",
            "currency": "GBP",
            "status": "Open",
            "lineItems": [
                {
                    "description": "Stoneground flour, 25 kg",
                    "quantity": 12,
                    "unitAmount": Decimal("18.35"),
                    "taxAmount": 0,
                    "accountRef": {"id": account["id"]},
                    "taxRateRef": {"id": "NONE"},
                }
            ],
            "subTotal": Decimal("220.20"),
            "taxAmount": 0,
            "totalAmount": Decimal("220.20"),
        }
        encoded = _exact(bill)
        headers = {"Content-Type": "application/json", "Idempotency-Key": secrets.token_hex(16)}
        created = self.push("bills", content=encoded, headers=headers)
        again = self.push("bills", content=encoded, headers=headers)
        check(again["pushOperationKey"] == created["pushOperationKey"], "the same Idempotency-Key made a second bill")
        self.bill_id = created["changes"][0]["recordRef"]["id"]
        self.total = Decimal("220.20")
        attached = self.push(
            f"bills/{self.bill_id}/attachments", files={"file": ("receipt.pdf", RECEIPT, "application/pdf")}
        )
        banks = {"query": "isBankAccount=true&&currency=GBP&&status=Active", "pageSize": 1}
        bank = self.call("GET", f"{base}/data/accounts", params=banks)["results"][0]
        payment = {
            "supplierRef": {"id": self.supplier_id},
            "accountRef": {"id": bank["id"]},
            "totalAmount": self.total,
            "currency": "GBP",
            "date": "2026-06-25T00:00:00",
            "reference": "PAY-2041",
            "lines": [{"amount": self.total, "links": [{"type": "Bill", "id": self.bill_id, "amount": -self.total}]}],
        }
        paid = self.push("billPayments", content=_exact(payment), headers={"Content-Type": "application/json"})
        for name, done in (("supplier", supplier), ("bill", created), ("attachment", attached), ("payment", paid)):
            table.add_row(name, done["pushOperationKey"], done["status"])
        return table

    def ledger(self) -> Table:
        """Look at the ledger itself: the emulator's own API, with a token of our own."""
        invoice = self.vendor_invoice()
        check(Decimal(str(invoice["Total"])) == self.total, f"the ledger holds a total of {invoice['Total']}")
        check(invoice["Status"] == "PAID" and invoice["AmountDue"] == 0, f"the ledger says {invoice['Status']}")
        check(invoice["HasAttachments"] is True, "the ledger has no attachment")
        bill = self.call("GET", f"/companies/{self.company}/data/bills/{self.bill_id}")
        check(bill["status"] == "Paid" and bill["amountDue"] == 0, f"Bookbridge shows {bill['status']}")
        files = self.call(
            "GET", f"/companies/{self.company}/connections/{self.connection}/data/bills/{self.bill_id}/attachments"
        )
        names = [entry["name"] for entry in files["attachments"]]
        check(names == ["receipt.pdf"], f"attachments are {names}")
        table = Table("", "in the ledger", "in Bookbridge", title="The ledger agrees")
        table.add_row("status", invoice["Status"], bill["status"])
        table.add_row("total", str(invoice["Total"]), str(bill["totalAmount"]))
        table.add_row("due", str(invoice["AmountDue"]), str(bill["amountDue"]))
        table.add_row("file", "yes", names[0])
        return table

    def vendor_invoice(self) -> dict[str, Any]:
        """The bill as the vendor's own API tells it, through a consent of our own."""
        redirect = "http://localhost/none"
        browser = Browser()
        page = browser.open(
            f"{self.emulator_url}/identity/connect/authorize?response_type=code&client_id=bookbridge-sandbox-client"
            f"&redirect_uri={redirect}&scope=accounting.transactions%20accounting.attachments&state=demo"
        )
        browser.http.follow_redirects = False
        first_box, first_value = next(iter(browser.choices(page, "checkbox").values()))
        form = page.document.forms[0]
        fields = {**dict(form.form_values()), first_box: first_value}
        button = next(b for b in form.xpath(".//button") if "Allow" in b.text_content())
        fields[button.get("name")] = button.get("value")
        answer = browser.http.post(httpx2.URL(page.url).join(form.action or page.url), data=fields)
        code = httpx2.URL(answer.headers["location"]).params["code"]
        grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect}
        client = ("bookbridge-sandbox-client", "bookbridge-sandbox-secret")
        token = httpx2.post(f"{self.emulator_url}/connect/token", data=grant, auth=client).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "xero-tenant-id": first_value, "Accept": "application/json"}
        found = httpx2.get(f"{self.emulator_url}/api.xro/2.0/Invoices/{self.bill_id}", headers=headers)
        check(found.is_success, f"the ledger answered {found.status_code}: {found.text[:300]}")
        invoice: dict[str, Any] = EXACT.decode(found.content)["Invoices"][0]
        return invoice

    def webhooks(self) -> Table:
        """Every write was told, signed."""
        table = Table("event", "id", title="Signed webhooks, verified")
        for event_type in (
            "connection.connected",
            "read.completed.initial",
            "suppliers.write.successful",
            "bills.write.successful",
            "billPayments.write.successful",
        ):
            event = until(lambda wanted=event_type: self.application.event(wanted), f"the event {event_type}")
            table.add_row(event_type, event["id"])
        return table

    def unlink(self) -> str:
        """The customer takes the access back."""
        connection = self.call(
            "PATCH", f"/companies/{self.company}/connections/{self.connection}", json={"status": "Unlinked"}
        )
        check(connection["status"] == "Unlinked", f"the connection is {connection['status']}")
        until(lambda: self.application.event("connection.disconnected"), "the event connection.disconnected")
        still = self.call("GET", f"/companies/{self.company}/data/bills", params={"pageSize": 1})
        check(still["totalResults"] > 0, "what was read is gone")
        return f"{connection['status']}; what was read stays readable"


def _exact(value: Any) -> bytes:
    """JSON whose numbers have exactly the digits of their Decimals."""
    return msgspec.json.Encoder(decimal_format="number").encode(value)


def main() -> int:
    """Run all steps; 0 only if every one was checked."""
    started = time.monotonic()
    api_key = secrets.token_urlsafe(24)
    application = Application()
    port = free_ports(1 + len(SANDBOXES))
    with tempfile.TemporaryDirectory(prefix="bookbridge-demo-") as folder, application.serve():
        try:
            with console.status("Starting PostgreSQL, Bookbridge, its worker and the Xero emulator"):
                stack = contextlib.ExitStack()
                stack.enter_context(bookbridge(Path(folder), port, api_key))
            with stack:
                console.print(
                    f"[green]✓[/green] up after {time.monotonic() - started:.1f} s at http://127.0.0.1:{port}"
                )
                demo = Demo(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}", api_key, application)
                for title, step in (
                    ("Prepare the application", demo.prepare),
                    ("Create company and connection", demo.create_company),
                    ("Authorise through Link, as a browser would", demo.link),
                    ("Read the books", demo.first_sync),
                    ("List and query bills", demo.query),
                    ("Write a supplier, a bill, its attachment, its payment", demo.write),
                    ("Ask the ledger", demo.ledger),
                    ("Receive webhooks", demo.webhooks),
                    ("Unlink", demo.unlink),
                ):
                    began = time.monotonic()
                    with console.status(title):
                        shown = step()
                    console.print(f"[green]✓[/green] {title} ({time.monotonic() - began:.1f} s)")
                    console.print(shown if isinstance(shown, Table) else f"  {shown}")
        except CheckFailed as failure:
            console.print(f"[red]✗ {failure}[/red]", soft_wrap=True)
            return 1
    console.print(f"[bold green]Every step was checked.[/bold green] {time.monotonic() - started:.1f} s in all.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
