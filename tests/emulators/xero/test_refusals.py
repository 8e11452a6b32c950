"""What each kind of write refuses, in Xero's shape: 400, the element with its ValidationErrors, and no trace left."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from bookbridge.emulators.xero.postings import imbalances
from tests.emulators.xero.every_write import (
    COST,
    DAY,
    GONE,
    JOURNAL,
    SALE,
    SUPPLIER,
    a_batch,
    a_document,
    a_note,
    a_payment,
    an_allocation,
    bank_money,
)
from tests.emulators.xero.world import Api, World

STRANGER = "00000000-0000-4000-8000-000000000000"
ORDER = {"Contact": SUPPLIER, "Date": DAY, "LineItems": [COST]}
TRANSFER = {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "091"}, "Amount": 5, "Date": DAY}
ACCOUNT = {"Code": "4299", "Name": "Biscuits", "Type": "OVERHEADS"}
ITEM = {"Code": "BRAN", "PurchaseDetails": {"UnitPrice": 2, "AccountCode": "310"}}
STOCK = {"Code": "BULB", "InventoryAssetAccountCode": "630", "PurchaseDetails": {"COGSAccountCode": "310"}}


@pytest.fixture
def api(reader: Api) -> Iterator[Api]:
    """The module's shared emulator, whose book balances after each test."""
    yield reader
    assert imbalances(reader.book) == []


def put(api: Api, path: str, body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = api.ok("PUT", path, body)[path.split("/")[-1]][0]
    return found


def lines(*entries: dict[str, Any]) -> dict[str, Any]:
    return {"LineItems": list(entries)}


def journal(**change: Any) -> dict[str, Any]:
    """A journal whose second line is changed."""
    first, second = JOURNAL["JournalLines"]
    return {**JOURNAL, "JournalLines": [first, {**second, **change}]}


@pytest.mark.parametrize(
    ("resource", "body", "message"),
    [
        ("BankTransactions", bank_money("SPEND", Type="SPEND-TRANSFER"), "not a valid value for Type"),
        ("BankTransactions", bank_money("SPEND", Contact=None), "A Contact must be specified"),
        ("BankTransactions", bank_money("SPEND", BankAccount=None), "bank account must be specified"),
        ("BankTransactions", bank_money("SPEND", BankAccount={"Code": "835"}), "a BANK account is needed"),
        ("BankTransactions", bank_money("SPEND", **lines()), "One or more line items"),
        ("BankTransactions", bank_money("SPEND", **lines({**COST, "AccountCode": "091"})), "code '091' is not a valid"),
        ("BankTransactions", bank_money("SPEND", **lines({**COST, "AccountCode": "610"})), "code '610' is not a valid"),
        (
            "BankTransactions",
            bank_money("SPEND", **lines({**COST, "TaxType": "OUTPUT2"})),
            "cannot be used with account",
        ),
        ("BankTransactions", bank_money("SPEND", **lines({**COST, "UnitAmount": -1})), "cannot be less than 0"),
        ("BankTransactions", bank_money("SPEND", Date="2020-01-01"), "period lock date"),
        ("BankTransactions", bank_money("SPEND-OVERPAYMENT", **lines(COST, COST)), "exactly one line item"),
        ("BankTransfers", {**TRANSFER, "ToBankAccount": {"Code": "090"}}, "must differ"),
        ("BankTransfers", {**TRANSFER, "ToBankAccount": {"Code": "092"}}, "same currency"),
        ("BankTransfers", {**TRANSFER, "FromBankAccount": None}, "bank account must be specified"),
        ("BankTransfers", {**TRANSFER, "Amount": 0}, "greater than zero"),
        ("BankTransfers", {**TRANSFER, "Date": "2020-01-01"}, "period lock date"),
        ("ManualJournals", {**JOURNAL, "Narration": ""}, "Narration must be specified"),
        ("ManualJournals", journal(LineAmount=-79), "must equal total credits: they differ by 1"),
        ("ManualJournals", journal(AccountCode="090"), "code '090' is not a valid"),
        ("ManualJournals", journal(AccountCode="800"), "code '800' is not a valid"),
        ("ManualJournals", journal(AccountCode=None), "code '' is not a valid"),
        ("ManualJournals", journal(TaxType="NOPE"), "TaxType code NOPE"),
        ("ManualJournals", {**JOURNAL, "Status": "VOIDED"}, "not a valid value for Status"),
        ("ManualJournals", {**JOURNAL, "Date": "2020-01-01"}, "period lock date"),
        ("Invoices", a_document("ACCREC", Type="ACCRECCREDIT"), "not a valid value for Type"),
        ("Invoices", a_document("ACCREC", DueDate=None), "DueDate field must be specified"),
        ("Invoices", a_document("ACCREC", **lines({**SALE, "TaxType": "INPUT2"})), "'INPUT2' cannot be used"),
        ("Invoices", a_document("ACCREC", CurrencyCode="THB"), "not subscribed to currency THB"),
        ("Invoices", a_document("ACCREC", **lines({**SALE, "Description": "x" * 4_001})), "no longer than 4000"),
        ("CreditNotes", {**a_note("ACCRECCREDIT"), "Type": "ACCREC"}, "not a valid value for Type"),
        ("CreditNotes", {**a_note("ACCRECCREDIT"), "Contact": {"ContactID": STRANGER}}, "contact could not be found"),
        ("CreditNotes", {**a_note("ACCRECCREDIT"), **lines({**SALE, "UnitAmount": -1})}, "cannot be less than 0"),
        ("CreditNotes", {**a_note("ACCRECCREDIT"), "Date": "2020-01-01"}, "period lock date"),
        ("CreditNotes", {**a_note("ACCPAYCREDIT"), "Status": "VOIDED"}, "cannot be created with status VOIDED"),
        ("PurchaseOrders", {**ORDER, **lines()}, "One or more line items"),
        ("PurchaseOrders", {**ORDER, "Contact": None}, "A Contact must be specified"),
        ("PurchaseOrders", {**ORDER, "Status": "DELETED"}, "cannot be created with status DELETED"),
        ("PurchaseOrders", {**ORDER, "Date": "2020-01-01"}, "period lock date"),
        ("Accounts", {**ACCOUNT, "Code": "429"}, "unique Code"),
        ("Accounts", {**ACCOUNT, "Code": "12345678901"}, "Maximum of 10 characters"),
        ("Accounts", {**ACCOUNT, "Name": "x" * 151}, "no longer than 150"),
        ("Accounts", {**ACCOUNT, "Type": "NOPE"}, "not a valid value for Type"),
        ("Accounts", {**ACCOUNT, "TaxType": "OUTPUT2"}, "'OUTPUT2' cannot be used"),
        ("Accounts", {"Name": "Bank", "Type": "BANK", "Code": "096"}, "Bank account number"),
        (
            "Accounts",
            {"Name": "Bank", "Type": "BANK", "BankAccountNumber": "1", "CurrencyCode": "THB"},
            "not subscribed to currency THB",
        ),
        ("Items", {**ITEM, "Code": ""}, "Item Code must be specified"),
        ("Items", {**ITEM, "Code": "x" * 31}, "no longer than 30"),
        ("Items", {**ITEM, "Name": "x" * 51}, "no longer than 50"),
        ("Items", {**ITEM, "PurchaseDetails": {"AccountCode": "NOPE"}}, "'NOPE' is not valid for this item"),
        ("Items", {**ITEM, "PurchaseDetails": {"AccountCode": "090"}}, "'090' is not a valid code"),
        ("Items", {**ITEM, "PurchaseDetails": {"AccountCode": "310", "TaxType": "OUTPUT2"}}, "cannot be used"),
        ("Items", {**STOCK, "InventoryAssetAccountCode": "620"}, "of the type INVENTORY"),
        ("Items", {**STOCK, "PurchaseDetails": {"UnitPrice": 1}}, "needs the COGSAccountCode"),
        ("Items", {**STOCK, "PurchaseDetails": {"COGSAccountCode": "429"}}, "cost of goods sold"),
        (
            "Items",
            {**STOCK, "PurchaseDetails": {"COGSAccountCode": "310", "AccountCode": "310"}},
            "no AccountCode in its PurchaseDetails",
        ),
        ("Contacts", {"Name": ""}, "Contact Name must be specified"),
        ("Contacts", {"Name": "x" * 256}, "no longer than 255"),
        ("Contacts", {"Name": "Knot", "EmailAddress": "nowhere"}, "Email address must be valid"),
        ("Contacts", {"Name": "Knot", "DefaultCurrency": "THB"}, "not subscribed to currency THB"),
        ("Contacts", {"Name": "Knot", "AccountNumber": "C0001"}, "Account Number already exists"),
    ],
)
def test_creating(api: Api, resource: str, body: dict[str, Any], message: str) -> None:
    book = api.book
    before = (len(book.journals), len(book.contacts), sum(book.effects.values()), len(api.get(resource)))
    response = api.call("PUT", resource, body)
    assert response.status_code == 400, response.text
    payload = response.json()
    assert (payload["ErrorNumber"], payload["Type"]) == (10, "ValidationException")
    [element] = payload["Elements"]
    assert message in element["ValidationErrors"][0]["Message"]
    assert {key: element[key] for key in body} == body, "what was sent is told back"
    assert (len(book.journals), len(book.contacts), sum(book.effects.values()), len(api.get(resource))) == before


def test_archived_contacts_and_accounts(api: Api) -> None:
    contact = put(api, "Contacts", {"Name": "Ruff Archived"})
    api.ok("POST", f"Contacts/{contact['ContactID']}", {"ContactStatus": "ARCHIVED"})
    who = {"ContactID": contact["ContactID"]}
    for resource, body in (
        ("Invoices", a_document("ACCPAY", Contact=who)),
        ("CreditNotes", {**a_note("ACCPAYCREDIT"), "Contact": who}),
        ("BankTransactions", bank_money("SPEND", Contact=who)),
        ("PurchaseOrders", {**ORDER, "Contact": who}),
    ):
        assert "archived" in api.errors("PUT", resource, body)[0]
    bank = put(api, "Accounts", {"Name": "Old", "Type": "BANK", "BankAccountNumber": "99887766554433", "Code": "097"})
    bill = put(api, "Invoices", a_document("ACCPAY"))
    api.ok("POST", f"Accounts/{bank['AccountID']}", {"Status": "ARCHIVED"})
    where = {"AccountID": bank["AccountID"]}
    for resource, body in (
        ("BankTransactions", bank_money("SPEND", BankAccount=where)),
        ("BankTransfers", {**TRANSFER, "FromBankAccount": where}),
        ("Payments", {**a_payment(bill, "InvoiceID", 1), "Account": where}),
        ("BatchPayments", {**a_batch(bill), "Account": where}),
    ):
        assert "has been archived, or has been deleted" in api.errors("PUT", resource, body)[0]


def test_both_lock_dates_close_every_kind(world: World) -> None:
    api = world.session()
    bill, sale = put(api, "Invoices", a_document("ACCPAY")), put(api, "Invoices", a_document("ACCREC"))
    note = put(api, "CreditNotes", a_note("ACCPAYCREDIT"))
    payment = put(api, "Payments", a_payment(bill, "InvoiceID", 1))
    money = put(api, "BankTransactions", bank_money("SPEND"))
    moved = put(api, "BankTransfers", TRANSFER)
    entry = put(api, "ManualJournals", JOURNAL)
    journals = len(api.book.journals)
    for lock in ("end_of_year_lock_date", "period_lock_date"):
        world.control("PATCH", f"organisations/{api.tenant}", {lock: "2026-06-25"})
        for resource, body in (
            ("Invoices", a_document("ACCPAY")),
            ("CreditNotes", a_note("ACCPAYCREDIT")),
            ("Payments", a_payment(sale, "InvoiceID", 1)),
            ("BatchPayments", a_batch(sale)),
            ("BankTransactions", bank_money("RECEIVE")),
            ("BankTransactions", bank_money("SPEND-OVERPAYMENT")),
            ("BankTransfers", TRANSFER),
            ("ManualJournals", JOURNAL),
            ("PurchaseOrders", ORDER),
        ):
            assert "lock date" in api.errors("PUT", resource, body)[0], resource
        allocations = f"CreditNotes/{note['CreditNoteID']}/Allocations"
        assert "lock date" in api.errors("PUT", allocations, an_allocation(bill, 1))[0]
        for path, body in (
            (f"Invoices/{sale['InvoiceID']}", {"Status": "VOIDED"}),
            (f"CreditNotes/{note['CreditNoteID']}", {"Status": "VOIDED"}),
            (f"Payments/{payment['PaymentID']}", GONE),
            (f"BankTransactions/{money['BankTransactionID']}", GONE),
            (f"BankTransfers/{moved['BankTransferID']}", GONE),
            (f"ManualJournals/{entry['ManualJournalID']}", {"Status": "VOIDED"}),
        ):
            assert "lock date" in api.errors("POST", path, body)[0], path
    assert len(api.book.journals) == journals


def test_what_is_reconciled_or_undone_stays_as_it_is(api: Api) -> None:
    bill = put(api, "Invoices", a_document("ACCPAY"))
    for resource, key, body in (
        ("BankTransactions", "BankTransactionID", bank_money("SPEND", IsReconciled=True)),
        ("BankTransfers", "BankTransferID", {**TRANSFER, "ToIsReconciled": True}),
        ("Payments", "PaymentID", {**a_payment(bill, "InvoiceID", 1), "IsReconciled": True}),
    ):
        made = put(api, resource, body)
        assert "reconciled" in api.errors("POST", f"{resource}/{made[key]}", GONE)[0]
    for resource, key, body, undo in (
        ("BankTransactions", "BankTransactionID", bank_money("SPEND"), GONE),
        ("BankTransfers", "BankTransferID", TRANSFER, GONE),
        ("Payments", "PaymentID", a_payment(bill, "InvoiceID", 1), GONE),
        ("BatchPayments", "BatchPaymentID", a_batch(bill), GONE),
        ("ManualJournals", "ManualJournalID", JOURNAL, {"Status": "VOIDED"}),
        ("CreditNotes", "CreditNoteID", a_note("ACCPAYCREDIT"), {"Status": "VOIDED"}),
        ("PurchaseOrders", "PurchaseOrderID", ORDER, GONE),
    ):
        made = put(api, resource, body)
        api.ok("POST", f"{resource}/{made[key]}", undo)
        assert api.errors("POST", f"{resource}/{made[key]}", undo), resource
        assert api.get(f"{resource}/{made[key]}")[0]["Status"] == undo["Status"]


def test_a_transfers_sides_are_shown_but_not_edited(api: Api) -> None:
    made = put(api, "BankTransfers", {**TRANSFER, "Reference": "Sides"})
    for key, kind, code in (
        ("FromBankTransactionID", "SPEND-TRANSFER", "090"),
        ("ToBankTransactionID", "RECEIVE-TRANSFER", "091"),
    ):
        path = f"BankTransactions/{made[key]}"
        [leg] = api.get(path)
        assert (leg["Type"], leg["BankAccount"]["Code"], leg["Total"], "Contact" in leg) == (kind, code, 5, False)
        assert "transfer" in api.errors("POST", path, GONE)[0]
    api.ok("POST", f"BankTransfers/{made['BankTransferID']}", GONE)
    assert api.get(f"BankTransactions/{made['FromBankTransactionID']}")[0]["Status"] == "DELETED"


def test_lists_that_only_change_by_post(api: Api) -> None:
    bill = put(api, "Invoices", a_document("ACCPAY"))
    assert "BatchPaymentID must be specified" in api.errors("POST", "BatchPayments", a_batch(bill))[0]
    assert "BankTransferID must be specified" in api.errors("POST", "BankTransfers", TRANSFER)[0]


def test_numbers_are_unique_where_they_must_be(api: Api) -> None:
    order = put(api, "PurchaseOrders", {**ORDER, "PurchaseOrderNumber": "PO-77"})
    assert api.errors("PUT", "PurchaseOrders", {**ORDER, "PurchaseOrderNumber": "po-77"})
    other = put(api, "PurchaseOrders", ORDER)
    path = f"PurchaseOrders/{other['PurchaseOrderID']}"
    assert api.errors("POST", path, {"PurchaseOrderNumber": "PO-77"}) == ["Order number must be unique"]
    api.ok("POST", f"PurchaseOrders/{order['PurchaseOrderID']}", GONE)
    api.ok("POST", path, {"PurchaseOrderNumber": "PO-77"})
    assert "approved" in api.errors("POST", path, {"Status": "BILLED"})[0]

    note = put(api, "CreditNotes", {**a_note("ACCRECCREDIT"), "CreditNoteNumber": "CN-77"})
    assert api.errors("PUT", "CreditNotes", {**a_note("ACCRECCREDIT"), "CreditNoteNumber": "CN-77"})
    another = put(api, "CreditNotes", a_note("ACCRECCREDIT"))
    path = f"CreditNotes/{another['CreditNoteID']}"
    assert api.errors("POST", path, {"CreditNoteNumber": "CN-77"}) == ["Credit Note # must be unique."]
    assert "cannot be changed" in api.errors("POST", path, {"Type": "ACCPAYCREDIT"})[0]
    assert note["CreditNoteID"] != put(api, "CreditNotes", a_note("ACCPAYCREDIT"))["CreditNoteID"]


def test_a_refused_element_gives_a_shared_number_back(api: Api) -> None:
    first = put(api, "Invoices", a_document("ACCPAY", InvoiceNumber="SHARED-1"))
    body = {"Invoices": [a_document("ACCPAY", InvoiceNumber="SHARED-1"), a_document("ACCPAY", DueDate=None)]}
    assert api.errors("PUT", "Invoices", body)
    assert api.get("Invoices/SHARED-1")[0]["InvoiceID"] == first["InvoiceID"]


def test_settling_more_than_there_is(api: Api) -> None:
    bill, note = put(api, "Invoices", a_document("ACCPAY")), put(api, "CreditNotes", a_note("ACCPAYCREDIT"))
    spent = put(api, "BankTransactions", bank_money("SPEND-PREPAYMENT"))
    prepayment = {"PrepaymentID": spent["PrepaymentID"]}
    for body in (
        a_payment(bill, "InvoiceID", 121),
        a_payment(note, "CreditNoteID", 121),
        a_payment(prepayment, "PrepaymentID", 121),
    ):
        assert "exceeds" in api.errors("PUT", "Payments", body)[0]
    paths = (f"CreditNotes/{note['CreditNoteID']}/Allocations", f"Prepayments/{spent['PrepaymentID']}/Allocations")
    sale = put(api, "Invoices", a_document("ACCREC"))
    other = put(api, "Invoices", a_document("ACCPAY", Contact={"Name": "Somebody Else"}))
    for path in paths:
        for invoice, amount, message in (
            (bill, 121, "exceeds"),
            (bill, 0, "zero"),
            (sale, 1, "types"),
            (other, 1, "same"),
        ):
            assert message in api.errors("PUT", path, an_allocation(invoice, amount))[0]
        assert "must reference an Invoice" in api.errors("PUT", path, {"Amount": 1})[0]
    twice = a_batch(bill, bill)
    twice["Payments"][0]["Amount"] = 111
    assert "exceeds" in api.errors("PUT", "BatchPayments", twice)[0]
    mixed = a_batch(bill, sale)
    assert "mix" in api.errors("PUT", "BatchPayments", mixed)[0]
    for name, limit in (("Narrative", 18), ("Particulars", 12), ("Code", 12)):
        assert f"no longer than {limit}" in api.errors("PUT", "BatchPayments", {**a_batch(bill), name: "x" * 19})[0]
    euro = put(api, "Invoices", a_document("ACCPAY", CurrencyCode="EUR"))
    assert "base currency" in api.errors("PUT", "BatchPayments", a_batch(euro))[0]


def test_accounts_are_taken_one_at_a_time(api: Api) -> None:
    body = {"Accounts": [{**ACCOUNT, "Name": "Only"}, {"Name": "Never read"}]}
    assert [entry["Name"] for entry in api.ok("PUT", "Accounts", body)["Accounts"]] == ["Only"]


def test_numbers_of_contacts_stay_with_them(api: Api) -> None:
    one = put(api, "Contacts", {"Name": "Dotterel", "ContactNumber": "K-1", "AccountNumber": "A-1"})
    other = put(api, "Contacts", {"Name": "Whimbrel"})
    path = f"Contacts/{other['ContactID']}"
    assert "contact number" in api.errors("POST", path, {"ContactNumber": "K-1"})[0]
    assert "Account Number" in api.errors("POST", path, {"AccountNumber": "A-1"})[0]
    api.ok("POST", f"Contacts/{one['ContactID']}", {"ContactNumber": "K-1", "AccountNumber": "A-1"})


def test_accounts_keep_what_they_are(api: Api) -> None:
    made = put(api, "Accounts", {**ACCOUNT, "Code": "4298", "Name": "Crisps"})
    path = f"Accounts/{made['AccountID']}"
    assert "Type of this account" in api.errors("POST", path, {"Type": "BANK"})[0]
    assert "'OUTPUT2' cannot be used" in api.errors("POST", path, {"TaxType": "OUTPUT2"})[0]
    both = api.ok("POST", path, {"Type": "SALES", "TaxType": "OUTPUT2"})["Accounts"][0]
    assert (both["Class"], both["TaxType"]) == ("REVENUE", "OUTPUT2")
    creditors = api.book.control_account("CREDITORS").account_id
    assert "System accounts" in api.errors("POST", f"Accounts/{creditors}", {"Status": "ARCHIVED"})[0]
    assert "Type of this account" in api.errors("POST", f"Accounts/{creditors}", {"Type": "CURRENT"})[0]


def test_a_batch_of_fifty_and_one_too_large(api: Api) -> None:
    body = {"Invoices": [a_document("ACCPAY", InvoiceNumber=f"FIFTY-{number}") for number in range(50)]}
    made = api.ok("PUT", "Invoices", body)["Invoices"]
    assert [entry["InvoiceNumber"] for entry in made] == [f"FIFTY-{number}" for number in range(50)]
    body["Invoices"][20] = a_document("ACCPAY", DueDate=None)
    mixed = api.ok("PUT", "Invoices?summarizeErrors=false", body)["Invoices"]
    assert [entry["StatusAttributeString"] for entry in mixed].index("ERROR") == 20
    assert sum(entry["StatusAttributeString"] == "OK" for entry in mixed) == 49
    assert "DueDate" in mixed[20]["ValidationErrors"][0]["Message"]
    huge = api.call("PUT", "Invoices", {"Invoices": [{}] * 501})
    assert (huge.status_code, huge.json()["ErrorNumber"]) == (400, 14)


def test_taxed_journals(api: Api) -> None:
    cost, due = (
        {"AccountCode": "429", "LineAmount": 100, "TaxType": "INPUT2"},
        {"AccountCode": "835", "TaxType": "NONE"},
    )
    for kind, credit, net in (("Exclusive", -120, "100"), ("Inclusive", -100, "83.33")):
        body = {**JOURNAL, "LineAmountTypes": kind, "JournalLines": [cost, {**due, "LineAmount": credit}]}
        made = put(api, "ManualJournals", body)
        posted = next(entry for entry in reversed(api.book.journals) if entry.source_id == made["ManualJournalID"])
        amounts = {line.account.code: line.net_amount for line in posted.lines()}
        tax = made["JournalLines"][0]["TaxAmount"]
        assert amounts == {"429": Decimal(net), "820": Decimal(str(tax)), "835": credit}
        wrong = {**body, "JournalLines": [{**cost, "TaxAmount": 3}, {**due, "LineAmount": credit}]}
        assert "tax amount 3 does not match" in api.errors("PUT", "ManualJournals", wrong)[0]
        path = f"ManualJournals/{made['ManualJournalID']}"
        other = "Inclusive" if kind == "Exclusive" else "Exclusive"
        assert "must equal" in api.errors("POST", path, {"LineAmountTypes": other})[0]
        assert "cannot become DRAFT" in api.errors("POST", path, {"Status": "DRAFT"})[0]


def test_unit_prices_have_two_places_unless_four_are_asked_for(api: Api) -> None:
    line = {**COST, "Quantity": "3.00005", "UnitAmount": "0.1254", "TaxType": "NONE"}
    for query, unit, total in (("", 0.13, 0.39), ("?unitdp=2", 0.13, 0.39), ("?unitdp=4", 0.1254, 0.38)):
        for resource, body in (
            ("Invoices", a_document("ACCPAY", **lines(line))),
            ("BankTransactions", bank_money("SPEND", **lines(line))),
            ("PurchaseOrders", {**ORDER, **lines(line)}),
        ):
            made = api.ok("PUT", f"{resource}{query}", body)[resource][0]
            [shown] = made["LineItems"]
            assert (shown["UnitAmount"], shown["Quantity"], made["Total"]) == (unit, 3.0001, total)
    item = api.ok("PUT", "Items?unitdp=4", {"Code": "FINE", "SalesDetails": {"UnitPrice": "0.1254"}})["Items"][0]
    assert item["SalesDetails"]["UnitPrice"] == 0.1254


@pytest.mark.parametrize(
    ("currency", "rate", "unit", "total"), [("JPY", "190.5", "1000", 1000), ("KWD", "0.39", "1.2345", 1.23)]
)
def test_every_currency_has_two_places(world: World, currency: str, rate: str, unit: str, total: float) -> None:
    """Also those that other people write with none or three: the vendor keeps two."""
    api = world.session()
    api.ok("PUT", "Currencies", {"Code": currency})
    line = {**COST, "UnitAmount": unit, "TaxType": "NONE"}
    made = put(api, "Invoices", a_document("ACCPAY", CurrencyCode=currency, CurrencyRate=rate, **lines(line)))
    assert (made["Total"], made["CurrencyRate"]) == (total, float(rate))
    bank = {"Name": currency, "Type": "BANK", "Code": "098", "BankAccountNumber": "1", "CurrencyCode": currency}
    put(api, "Accounts", bank)
    paid = put(api, "Payments", {**a_payment(made, "InvoiceID", 1), "Account": {"Code": "098"}, "CurrencyRate": rate})
    assert (paid["BankAmount"], paid["Amount"]) == (1, 1)
    assert imbalances(api.book) == []
