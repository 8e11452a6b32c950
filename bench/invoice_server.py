"""A local server of Xero-shaped invoices, as fast as Python can: pages are joined from bytes made beforehand.

It orders by UpdatedDateUTC and understands `page`, `pageSize` and `If-Modified-Since`, which is what both the
connector (windows that re-anchor) and a page-number client need. `python -m bench.invoice_server COUNT PORT`.

With `edits` as a third argument a bookkeeper is at work: an invoice that was on the first page is edited before the
second page is asked for, and so moves to the end of the list, as it does at the vendor.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import uuid
from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, urlsplit

import uvloop

START = datetime(2024, 1, 1, tzinfo=UTC)
STEP_S = 7
EDITED = 9
"""The place of the invoice that is edited: on the first page of every reader."""


def invoice(number: int, chance: random.Random) -> tuple[datetime, bytes]:
    """One bill with three lines, about 1.15 kB as the vendor writes it, and when it was updated."""
    updated = START + timedelta(seconds=STEP_S * number)
    milliseconds = int(updated.timestamp() * 1000)
    lines = []
    for place in range(3):
        quantity, price = chance.randint(1, 9), chance.randint(100, 99_999) / 100
        amount = round(quantity * price, 2)
        lines.append(
            {
                "LineItemID": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
                "Description": f"Item {place}",
                "UnitAmount": price,
                "TaxType": "INPUT2",
                "TaxAmount": round(amount * 0.2, 2),
                "LineAmount": amount,
                "AccountCode": "429",
                "AccountID": "f9a1b4f2-6e57-4d4f-8f5e-0a7d2b9d1c11",
                "Quantity": float(quantity),
                "Tracking": [],
            }
        )
    subtotal = round(sum(line["LineAmount"] for line in lines), 2)
    tax = round(sum(line["TaxAmount"] for line in lines), 2)
    body = {
        "Type": "ACCPAY",
        "InvoiceID": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
        "InvoiceNumber": f"B-{number:06d}",
        "Payments": [],
        "CreditNotes": [],
        "AmountDue": round(subtotal + tax, 2),
        "AmountPaid": 0.0,
        "AmountCredited": 0.0,
        "CurrencyRate": 1.0,
        "HasAttachments": False,
        "Contact": {"ContactID": str(uuid.UUID(int=number % 500, version=4)), "Name": f"Supplier {number % 500}"},
        "Date": "/Date(1768262400000+0000)/",
        "DueDate": "/Date(1770940800000+0000)/",
        "Status": "AUTHORISED",
        "LineAmountTypes": "Exclusive",
        "LineItems": lines,
        "SubTotal": subtotal,
        "TotalTax": tax,
        "Total": round(subtotal + tax, 2),
        "UpdatedDateUTC": f"/Date({milliseconds}+0000)/",
        "CurrencyCode": "GBP",
    }
    return updated, json.dumps(body, separators=(",", ":")).encode()


class Books:
    """All invoices, in the order of their update."""

    def __init__(self, count: int, *, edits: bool = False) -> None:
        chance = random.Random(7)
        made = [invoice(number, chance) for number in range(count)]
        self.updated = [updated for updated, _ in made]
        self.bodies = [body for _, body in made]
        self._edit_due = edits
        self._pages = 0

    def edit(self, place: int) -> None:
        """The invoice at this place was changed just now: it is the last of the list from here on."""
        before, body = self.updated.pop(place), self.bodies.pop(place)
        now = self.updated[-1] + timedelta(seconds=STEP_S)
        self.updated.append(now)
        self.bodies.append(body.replace(_written(before), _written(now)))

    def answer(self, target: str, since: datetime | None) -> bytes:
        """The body for a request target."""
        parts = urlsplit(target)
        if not parts.path.lower().endswith("/invoices"):
            return b'{"Status":"OK","Organisations":[{"Name":"Bench","OrganisationID":"o","BaseCurrency":"GBP"}]}'
        query = parse_qs(parts.query)
        page, size = int(query.get("page", ["1"])[0]), int(query.get("pageSize", ["100"])[0])
        if size > 1:  # a page of one only asks for the total
            self._pages += 1
            if self._edit_due and self._pages == 2:
                self.edit(EDITED)
        first = 0 if since is None else bisect_left(self.updated, since)
        total = len(self.bodies) - first
        chosen = self.bodies[first + (page - 1) * size : first + page * size]
        head = (
            f'{{"Status":"OK","pagination":{{"page":{page},"pageSize":{size},"pageCount":{-(-total // size)},'
            f'"itemCount":{total}}},"Invoices":['
        )
        return head.encode() + b",".join(chosen) + b"]}"


class Connection(asyncio.Protocol):
    """HTTP/1.1 with keep-alive, GET only."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self.pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.pending += data
        while (end := self.pending.find(b"\r\n\r\n")) >= 0:
            head, self.pending = self.pending[:end].decode("latin-1"), self.pending[end + 4 :]
            first, *headers = head.split("\r\n")
            since = None
            for header in headers:
                name, _, value = header.partition(":")
                if name.lower() == "if-modified-since":
                    since = _moment(value.strip())
            body = self.books.answer(first.split(" ")[1], since)
            self.transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            )


def _written(moment: datetime) -> bytes:
    return f'"UpdatedDateUTC":"/Date({int(moment.timestamp() * 1000)}+0000)/"'.encode()


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def main(count: int, port: int, *, edits: bool) -> None:
    """Serve until killed."""
    books = Books(count, edits=edits)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(books), "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), edits=sys.argv[3:] == ["edits"]))
