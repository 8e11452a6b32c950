"""Attachments and history."""

from __future__ import annotations

import pytest

from tests.emulators.xero.world import Api

PDF = {"content-type": "application/pdf"}


@pytest.mark.parametrize(
    "resource",
    [
        "Accounts", "BankTransactions", "BankTransfers", "Contacts", "CreditNotes", "Invoices", "ManualJournals",
        "PurchaseOrders",
    ],
)  # fmt: skip
def test_round_trip(api: Api, resource: str) -> None:
    singular = resource[:-1]
    record = api.get(f"{resource}?page=1")[0][f"{singular}ID"]
    body = b"%PDF-1.4 \x00\xff"
    path = f"{resource}/{record}/Attachments"
    made = api.ok("PUT", f"{path}/caf%C3%A9%20bill.pdf?IncludeOnline=true", content=body, headers=PDF)
    entry = made["Attachments"][0]
    assert (entry["FileName"], entry["ContentLength"], entry["MimeType"]) == ("café bill.pdf", 11, "application/pdf")
    assert entry["IncludeOnline"] is True
    assert entry in api.ok("GET", path)["Attachments"]
    for key in (entry["AttachmentID"], "caf%C3%A9%20bill.pdf"):
        answer = api.call("GET", f"{path}/{key}", headers={"accept": "application/pdf"})
        assert (answer.content, answer.headers["content-type"]) == (body, "application/pdf")
    again = api.ok("POST", f"{path}/caf%C3%A9%20bill.pdf", content=b"new", headers=PDF)["Attachments"][0]
    assert again["AttachmentID"] == entry["AttachmentID"]
    assert api.get(f"{resource}/{record}")[0]["HasAttachments"] is True
    assert api.call("GET", f"{path}/none.pdf").status_code == 404


def test_limits(api: Api) -> None:
    record = next(i for i in api.get("Invoices") if not i["HasAttachments"])["InvoiceID"]
    path = f"Invoices/{record}/Attachments"
    for number in range(10):
        api.ok("PUT", f"{path}/{number}.pdf", content=b"x", headers=PDF)
    assert "maximum of 10" in api.errors("PUT", f"{path}/10.pdf", content=b"x", headers=PDF)[0]
    assert api.errors("PUT", f"{path}/0.pdf", content=b"", headers=PDF)
    assert api.errors("PUT", f"{path}/a%2F..%2Fb.pdf", content=b"x", headers=PDF)
    large = api.call("PUT", f"{path}/0.pdf", content=b"x" * (10_485_760 + 1), headers=PDF)
    assert large.status_code == 413
    assert api.call("PUT", f"{path}/0.pdf", content=b"x" * 4_000_000, headers=PDF).status_code == 200


def test_seed_files_are_real(reader: Api) -> None:
    marked = [i for i in reader.get("Invoices") if i["HasAttachments"]]
    assert marked
    starts = set()
    for invoice in marked:
        path = f"Invoices/{invoice['InvoiceID']}/Attachments"
        entry = reader.ok("GET", path)["Attachments"][0]
        starts.add(reader.call("GET", f"{path}/{entry['AttachmentID']}").content[:4])
    assert starts == {b"%PDF", b"\x89PNG"}


def test_history(api: Api) -> None:
    record = api.get("Invoices")[0]["InvoiceID"]
    body = {"HistoryRecords": [{"Details": "Called them"}]}
    api.ok("PUT", f"Invoices/{record}/History", body)
    notes = api.ok("GET", f"Invoices/{record}/History")["HistoryRecords"]
    assert notes[-1]["Details"] == "Called them"


def test_a_file_of_no_named_type_has_the_one_of_its_name(api: Api) -> None:
    record = api.get("Invoices")[0]["InvoiceID"]
    plain = {"content-type": "application/octet-stream"}
    for name, kind in (("a.png", "image/png"), ("b.pdf", "application/pdf"), ("c", "application/octet-stream")):
        path = f"Invoices/{record}/Attachments/{name}"
        assert api.ok("PUT", path, content=b"x", headers=plain)["Attachments"][0]["MimeType"] == kind


def test_lists_without_attachments_take_none(api: Api) -> None:
    for resource, key in (("Payments", "PaymentID"), ("Items", "ItemID"), ("BatchPayments", "BatchPaymentID")):
        record = api.get(resource)[0][key]
        assert api.call("PUT", f"{resource}/{record}/Attachments/a.pdf", content=b"x").status_code == 404
