"""What stands between Xero and us (gateways, firewalls, caches) answers in its place: neither data nor a refusal."""

from __future__ import annotations

import httpx2
import pytest

from bookbridge.connectors.kit import http
from bookbridge.connectors.kit.errors import RecordNotFound, Uncertain, VendorUnavailable
from bookbridge.connectors.kit.http import Answer
from bookbridge.connectors.kit.session import Access, VendorApp
from bookbridge.connectors.xero import document_payloads, payloads
from bookbridge.connectors.xero.client import Client, decode, meaning

JSON = {"content-type": "application/json; charset=utf-8"}
HTML = {"content-type": "text/html"}


@pytest.mark.parametrize("body", [b"{}", b'{"Status":"OK"}', b'{"Items":null}', b'{"error":"try again"}'])
def test_an_answer_without_the_list_that_was_asked_for_is_not_an_empty_list(body: bytes) -> None:
    """It would delete every item here: Xero forgets deleted ones, so what a whole list lacks is gone."""
    odd = Answer(200, httpx2.Headers(JSON), body)
    with pytest.raises(VendorUnavailable):
        decode(odd, "Items", payloads.Item)
    with pytest.raises(Uncertain):
        decode(odd, "Items", payloads.Item, effect=True)


@pytest.mark.parametrize("record_id", ["..", "."])
async def test_an_id_of_dots_leads_nowhere_else(record_id: str) -> None:
    access = Access(None, VendorApp("", "", {"api": "https://books.example/2.0"}), None, None, {})  # type: ignore[arg-type]
    with pytest.raises(RecordNotFound):
        await http.call(
            access,
            "GET",
            f"{access.app.endpoints['api']}/Invoices/{record_id}/Attachments",
            effect=False,
            meaning=http.usual_meaning,
        )


@pytest.mark.parametrize("status", [204, 304])
async def test_a_whole_list_is_never_unchanged(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    async def call(self: Client, *_: object, **__: object) -> Answer:
        return Answer(status, httpx2.Headers({}), b"")

    monkeypatch.setattr(Client, "call", call)
    client = Client.__new__(Client)
    with pytest.raises(VendorUnavailable):
        await client.rows("Items", payloads.Item)
    since = {"If-Modified-Since": "Sat, 03 Jan 2026 09:00:00 GMT"}
    assert (await client.rows("Invoices", document_payloads.Invoice, headers=since)).payloads == []


@pytest.mark.parametrize("status", [401, 403])
def test_a_firewalls_page_ends_no_connection(status: int) -> None:
    """Giving up on the customer's authorisation cannot be taken back."""
    page = Answer(status, httpx2.Headers(HTML), b"<html>Access denied</html>")
    assert type(meaning(page, False)) is VendorUnavailable
    assert type(meaning(page, True)) is VendorUnavailable
