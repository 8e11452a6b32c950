"""Lists over HTTP: pages, increments, filters, envelope, shapes."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from tests.emulators.xero.world import Api

MS_DATE = re.compile(r"/Date\(-?\d+\+0000\)/")


def since(text: str) -> dict[str, str]:
    return {"if-modified-since": text}


def test_the_envelope(reader: Api) -> None:
    payload = reader.ok("GET", "invoices?page=2&pageSize=10")
    assert payload["Status"] == "OK"
    assert re.fullmatch(r"/Date\(\d+\)/", payload["DateTimeUTC"])
    pagination = payload["pagination"]
    assert pagination["page"] == 2
    assert pagination["pageSize"] == len(payload["Invoices"]) == 10
    assert pagination["pageCount"] == -(-pagination["itemCount"] // 10)
    assert "pagination" not in reader.ok("GET", "Invoices")


def test_invoice_shape(reader: Api) -> None:
    paid = reader.get('Invoices?page=1&where=Type=="ACCPAY"+AND+Status=="PAID"')[0]
    assert MS_DATE.fullmatch(paid["Date"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00", paid["DateString"])
    assert MS_DATE.fullmatch(paid["UpdatedDateUTC"])
    assert paid["AmountDue"] == 0
    assert paid["Payments"] or paid["CreditNotes"] or paid["Overpayments"] or paid["Prepayments"]
    line = paid["LineItems"][0]
    assert {"LineItemID", "AccountCode", "AccountID", "TaxType", "LineAmount", "TaxAmount"} <= set(line)


def test_numbers_keep_their_digits(reader: Api) -> None:
    text = reader.call("GET", "Invoices?page=1").text
    assert re.search(r'"Total":\d+\.\d\d,', text)
    assert re.search(r'"Quantity":\d+\.\d{4},', text)
    assert re.search(r'"UnitAmount":\d+\.\d{4},', reader.call("GET", "Invoices?page=1&unitdp=4").text)


@pytest.mark.parametrize("path", ["Invoices", "Contacts", "CreditNotes", "BankTransactions", "ManualJournals"])
def test_without_page_lists_are_summaries(reader: Api, path: str) -> None:
    whole = reader.get(path)
    assert all(not record.get("LineItems") and not record.get("JournalLines") for record in whole)
    assert reader.ok("GET", f"{path}?page=1")["pagination"]["itemCount"] == len(whole)


@pytest.mark.parametrize("path", ["INVOICES?page=1", "organisation", "Organisations", "trackingcategories"])
def test_paths_match_whatever_their_case(reader: Api, path: str) -> None:
    assert reader.call("GET", path).status_code == 200


def test_records_by_id_number_and_code(reader: Api) -> None:
    invoice = reader.get('Invoices?where=Type=="ACCREC"')[0]
    for key in (invoice["InvoiceID"], invoice["InvoiceID"].upper(), invoice["InvoiceNumber"]):
        assert reader.get(f"Invoices/{key}")[0]["InvoiceID"] == invoice["InvoiceID"]
    assert reader.get("Accounts/200")[0]["Name"] == "Design Fees"
    assert reader.get("TaxRates/INPUT2")[0]["EffectiveRate"] == 20
    missing = reader.call("GET", "Invoices/nope")
    assert missing.status_code == 404
    assert "cannot be found" in missing.text
    assert reader.call("GET", "Nonsense").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "Invoices"), ("PUT", "Users"), ("POST", "Organisation"), ("PUT", "Journals")]
)
def test_methods_that_do_not_exist(reader: Api, method: str, path: str) -> None:
    answer = reader.call(method, path, {})
    assert answer.status_code == 501
    assert answer.json()["Type"] == "ApiMethodNotImplementedException"


@pytest.mark.parametrize(
    "path",
    ['Invoices?where=Type=="', "Invoices?order=Nope", "Invoices?page=0", "Invoices?page=x", "Journals?offset=x"],
)
def test_bad_queries(reader: Api, path: str) -> None:
    answer = reader.call("GET", path)
    assert answer.status_code == 400
    assert answer.json()["Type"] == "QueryParseException"


@pytest.mark.parametrize(
    "moment",
    [
        "2026-05-01T00:00:00",
        "2026-05-01T00:00:00Z",
        "Fri, 01 May 2026 00:00:00 GMT",
        '"2026-05-01 00:00:00"',
        "/Date(1777593600000)/",
    ],
)
def test_if_modified_since(reader: Api, moment: str) -> None:
    changed = reader.get("Invoices", headers=since(moment))
    expected = int(dt.datetime(2026, 5, 1, tzinfo=dt.UTC).timestamp() * 1000)
    stamps = [int(record["UpdatedDateUTC"][6:-7]) for record in reader.get("Invoices")]
    assert 0 < len(changed) == sum(stamp > expected for stamp in stamps)


def test_lists_come_in_the_order_of_change(reader: Api) -> None:
    stamps = [record["UpdatedDateUTC"] for record in reader.get("Invoices?page=1&pageSize=1000")]
    assert stamps == sorted(stamps, key=lambda text: int(text[6:-7]))
    assert len(set(stamps)) == len(stamps)


def test_an_edit_moves_a_record_into_the_increment(api: Api) -> None:
    first = api.get("Invoices?page=1&pageSize=1")[0]
    last = api.get("Invoices?page=1&pageSize=1000")[-1]
    mark = dt.datetime.fromtimestamp(int(last["UpdatedDateUTC"][6:-7]) / 1000, tz=dt.UTC)
    assert api.get("Invoices", headers=since(mark.isoformat(timespec="milliseconds"))) == []
    api.world.control("POST", f"organisations/{api.tenant}/touch", {"resource": "Invoices", "id": first["InvoiceID"]})
    moved = api.get("Invoices", headers=since(mark.isoformat(timespec="milliseconds")))
    assert [record["InvoiceID"] for record in moved] == [first["InvoiceID"]]


def test_archived_contacts_are_hidden_unless_asked_for(reader: Api) -> None:
    shown = reader.get("Contacts?page=1")
    everything = reader.get("Contacts?page=1&includeArchived=true")
    hidden = {c["ContactID"] for c in everything} - {c["ContactID"] for c in shown}
    assert hidden
    assert {c["ContactStatus"] for c in everything if c["ContactID"] in hidden} == {"ARCHIVED"}


def test_fast_filters(reader: Api) -> None:
    invoices = reader.get("Invoices")
    two = invoices[:2]
    ids = ",".join(record["InvoiceID"].replace("-", "") for record in two)
    assert len(reader.get(f"Invoices?IDs={ids}")) == 2
    contact = two[0]["Contact"]["ContactID"]
    assert {r["Contact"]["ContactID"] for r in reader.get(f"Invoices?ContactIDs={contact}")} == {contact}
    statuses = {r["Status"] for r in reader.get("Invoices?Statuses=DRAFT,VOIDED")}
    assert statuses == {"DRAFT", "VOIDED"}
    number = next(r["InvoiceNumber"] for r in invoices if r["Type"] == "ACCREC")
    assert reader.get(f"Invoices?InvoiceNumbers={number}")[0]["InvoiceNumber"] == number
    assert reader.get("Contacts?searchTerm=" + two[0]["Contact"]["Name"][:5])


def test_a_get_may_carry_a_body(reader: Api) -> None:
    assert reader.call("GET", "Accounts", {}).status_code == 200


def test_journals_by_offset(reader: Api) -> None:
    seen: list[int] = []
    while page := reader.get(f"Journals?offset={seen[-1] if seen else 0}"):
        seen += [journal["JournalNumber"] for journal in page]
        assert all(sum(round(x["NetAmount"] * 100) for x in journal["JournalLines"]) == 0 for journal in page)
        assert len(page) <= 100
    assert seen == list(range(1, len(reader.book.journals) + 1))
    journal = reader.get("Journals/3")[0]
    assert reader.get(f"Journals/{journal['JournalID']}")[0] == journal
    kinds = {entry["SourceType"] for entry in reader.get("Journals?offset=0&paymentsOnly=true")}
    assert kinds <= {"ACCPAYPAYMENT", "ACCRECPAYMENT", "ARCREDITPAYMENT", "APCREDITPAYMENT"}
