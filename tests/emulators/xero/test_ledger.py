"""What the ledger computes, moves and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from bookbridge.emulators.xero.postings import imbalances
from tests.emulators.xero.world import Api, World

LINE = {"Description": "Thing", "Quantity": 1, "UnitAmount": 100, "AccountCode": "429", "TaxType": "INPUT2"}


BILL: dict[str, Any] = {
    "Type": "ACCPAY",
    "Contact": {"Name": "Heron Supplies"},
    "Date": "2026-06-01",
    "DueDate": "2026-07-01",
    "Status": "AUTHORISED",
    "LineItems": [LINE],
}


def bill(api: Api, **changes: Any) -> dict[str, Any]:
    body = {**BILL, **changes}
    return api.ok("PUT", "Invoices", body)["Invoices"][0]


def pay(api: Api, invoice: dict[str, Any], amount: object, account: str = "090") -> dict[str, Any]:
    body = {
        "Invoice": {"InvoiceID": invoice["InvoiceID"]},
        "Account": {"Code": account},
        "Date": "2026-06-05",
        "Amount": amount,
    }
    return api.ok("PUT", "Payments", body)["Payments"][0]


def fresh(api: Api, invoice: dict[str, Any]) -> dict[str, Any]:
    return api.get(f"Invoices/{invoice['InvoiceID']}")[0]


@pytest.fixture
def api(reader: Api) -> Iterator[Api]:
    """The module's shared emulator: tests write into it side by side, and the book must balance after each."""
    yield reader
    assert imbalances(reader.book) == []


@pytest.fixture
def own_api(world: World) -> Api:
    """An emulator of the test's own, for changes that others would feel."""
    return world.session()


@pytest.mark.parametrize(
    ("kind", "quantity", "unit", "discount", "net", "tax", "total"),
    [
        ("Exclusive", "1", "100", None, "100", "20", "120"),
        ("Exclusive", "3", "0.125", None, "0.38", "0.08", "0.46"),
        ("Exclusive", "1", "0.025", None, "0.03", "0.01", "0.04"),
        ("Exclusive", "2", "99.99", "10", "179.98", "36.00", "215.98"),
        ("Inclusive", "1", "120", None, "100", "20", "120"),
        ("Inclusive", "1", "0.99", None, "0.82", "0.17", "0.99"),
        ("NoTax", "1", "100", None, "100", "0", "100"),
    ],
)
def test_totals(
    api: Api, kind: str, quantity: str, unit: str, discount: str | None, net: str, tax: str, total: str
) -> None:
    line = {**LINE, "Quantity": quantity, "UnitAmount": unit}
    if discount:
        line["DiscountRate"] = discount
    body = {**BILL, "LineAmountTypes": kind, "LineItems": [line]}
    made = api.ok("PUT", "Invoices?unitdp=4", body)["Invoices"][0]
    found = tuple(Decimal(str(made[name])) for name in ("SubTotal", "TotalTax", "Total"))
    assert found == (Decimal(net), Decimal(tax), Decimal(total))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Type": None}, "Type must be specified"),
        ({"Contact": None}, "A Contact must be specified"),
        ({"Contact": {"ContactID": "00000000-0000-4000-8000-000000000000"}}, "contact could not be found"),
        ({"LineItems": []}, "One or more line items"),
        ({"LineItems": [{**LINE, "AccountCode": "NOPE"}]}, "Account code 'NOPE' is not a valid code"),
        ({"LineItems": [{**LINE, "AccountCode": "800"}]}, "Account code '800' is not a valid code"),
        ({"LineItems": [{**LINE, "AccountCode": None}]}, "Account code '' is not a valid code"),
        ({"LineItems": [{**LINE, "TaxType": "NOPE"}]}, "TaxType code NOPE does not exist"),
        ({"LineItems": [{**LINE, "LineAmount": 99}]}, "line total 99 does not match"),
        ({"LineItems": [{**LINE, "TaxAmount": 3}]}, "tax amount 3 does not match"),
        ({"LineItems": [{**LINE, "ItemCode": "NOPE"}]}, "Item code 'NOPE'"),
        ({"LineItems": [{**LINE, "Tracking": [{"Name": "Region", "Option": "Up"}]}]}, "option 'Up' is not valid"),
        ({"LineItems": [{**LINE, "UnitAmount": "lots"}]}, "UnitAmount must be a number"),
        ({"LineItems": [{**LINE, "Description": "x" * 4001}]}, "no longer than 4000"),
        ({"Total": 1}, "Total 1 does not match"),
        ({"Date": "2020-01-01"}, "period lock date"),
        ({"Date": "soon"}, "Date is not a valid date"),
        ({"Status": "PAID"}, "cannot be created with status PAID"),
        ({"CurrencyCode": "XXX"}, "not subscribed to currency XXX"),
        ({"LineItems": [{**LINE, "UnitAmount": -5}]}, "cannot be less than 0"),
        ({"DueDate": None}, "DueDate field must be specified"),
        ({"LineItems": [{**LINE, "AccountCode": "090"}]}, "Account code '090' is not a valid code"),
        ({"LineItems": [{**LINE, "AccountCode": "499"}]}, "Account code '499' is not a valid code"),
        ({"LineItems": [{**LINE, "TaxType": "OUTPUT2"}]}, "'OUTPUT2' cannot be used with account code '429'"),
    ],
)
def test_refused_bills(api: Api, changes: dict[str, Any], message: str) -> None:
    before = len(api.book.invoices)
    contacts = len(api.book.contacts)
    found = api.errors("PUT", "Invoices", {**BILL, **changes})
    assert message in found[0]
    assert len(api.book.invoices) == before
    assert len(api.book.contacts) == contacts, "a contact made on the way is undone"


def test_an_unknown_name_creates_one_contact(api: Api) -> None:
    first, second = bill(api), bill(api)
    assert first["Contact"]["ContactID"] == second["Contact"]["ContactID"]


def test_paying_moves_the_status_and_stamps_the_bill(api: Api) -> None:
    made = bill(api)
    first = pay(api, made, 20)
    part = fresh(api, made)
    assert (part["Status"], part["AmountDue"], part["AmountPaid"]) == ("AUTHORISED", 100, 20)
    assert part["UpdatedDateUTC"] != made["UpdatedDateUTC"]
    pay(api, made, "100.00")
    done = fresh(api, made)
    assert (done["Status"], done["AmountDue"]) == ("PAID", 0)
    assert done["FullyPaidOnDate"] == "/Date(1780617600000+0000)/"
    api.ok("POST", f"Payments/{first['PaymentID']}", {"Status": "DELETED"})
    again = fresh(api, made)
    assert (again["Status"], again["AmountDue"]) == ("AUTHORISED", 20)
    assert "FullyPaidOnDate" not in again
    assert api.get(f"Payments/{first['PaymentID']}")[0]["Status"] == "DELETED"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Amount": 120.01}, "exceeds the amount outstanding"),
        ({"Amount": 0}, "greater than zero"),
        ({"Amount": None}, "greater than zero"),
        ({"Account": {"Code": "429"}}, "does not have payments enabled"),
        ({"Account": {"Code": "099"}}, "has been archived"),
        ({"Account": None}, "Account must be specified"),
        ({"Invoice": None}, "must reference"),
        ({"Invoice": {"InvoiceID": "x"}}, "could not be found"),
        ({"Date": "2020-01-01"}, "period lock date"),
    ],
)
def test_refused_payments(api: Api, changes: dict[str, Any], message: str) -> None:
    made = bill(api)
    body = {"Invoice": {"InvoiceID": made["InvoiceID"]}, "Account": {"Code": "090"}, "Amount": 10, **changes}
    assert message in api.errors("PUT", "Payments", body)[0]


def test_payments_into_accounts_that_allow_them(api: Api) -> None:
    assert pay(api, bill(api), 10, account="835")["Account"]["Code"] == "835"


def test_drafts_cannot_be_paid(api: Api) -> None:
    draft = bill(api, Status="DRAFT")
    body = {"Invoice": {"InvoiceID": draft["InvoiceID"]}, "Account": {"Code": "090"}, "Amount": 1}
    assert "Authorised" in api.errors("PUT", "Payments", body)[0]


def test_void_and_delete(api: Api) -> None:
    draft, approved, paid = bill(api, Status="DRAFT"), bill(api), bill(api)
    payment = pay(api, paid, 1)
    api.ok("POST", f"Invoices/{draft['InvoiceID']}", {"Status": "DELETED"})
    api.ok("POST", f"Invoices/{approved['InvoiceID']}", {"Status": "VOIDED"})
    assert fresh(api, draft)["Status"] == "DELETED"
    assert (fresh(api, approved)["Status"], fresh(api, approved)["AmountDue"]) == ("VOIDED", 0)
    assert "has a payment" in api.errors("POST", f"Invoices/{paid['InvoiceID']}", {"Status": "VOIDED"})[0]
    assert api.errors("POST", f"Invoices/{approved['InvoiceID']}", {"Status": "DELETED"})
    assert api.errors("POST", f"Invoices/{draft['InvoiceID']}", {"Reference": "x"})
    api.ok("POST", f"Payments/{payment['PaymentID']}", {"Status": "DELETED"})
    api.ok("POST", f"Invoices/{paid['InvoiceID']}", {"Status": "VOIDED"})


def test_a_void_reverses_the_journal(api: Api) -> None:
    made = bill(api)
    start = len(api.book.journals)
    api.ok("POST", f"Invoices/{made['InvoiceID']}", {"Status": "VOIDED"})
    pair = api.get(f"Journals?offset={start - 1}")
    assert [journal["SourceID"] for journal in pair] == [made["InvoiceID"]] * 2
    amounts = [[line["NetAmount"] for line in journal["JournalLines"]] for journal in pair]
    assert amounts[0] == [-amount for amount in amounts[1]]


def test_editing_keeps_named_lines_and_reposts(api: Api) -> None:
    made = bill(api, LineItems=[LINE, {**LINE, "Description": "Other", "UnitAmount": 7}])
    kept = made["LineItems"][1]["LineItemID"]
    lines = [{"LineItemID": kept, **LINE, "UnitAmount": 8}, {**LINE, "Description": "New", "UnitAmount": 1}]
    edited = api.ok("POST", f"Invoices/{made['InvoiceID']}", {"LineItems": lines})["Invoices"][0]
    assert [line["LineItemID"] == kept for line in edited["LineItems"]] == [True, False]
    assert edited["Total"] == edited["AmountDue"] == 10.8
    pay(api, made, 1)
    assert "has a payment" in api.errors("POST", f"Invoices/{made['InvoiceID']}", {"LineItems": lines})[0]
    settled = api.ok("POST", "Invoices", {"InvoiceID": made["InvoiceID"], "Reference": "late"})
    assert settled["Invoices"][0]["Reference"] == "late"


def test_sales_invoice_numbers_are_unique_and_given(api: Api) -> None:
    line = {**LINE, "AccountCode": "200", "TaxType": "OUTPUT2"}
    made = bill(api, Type="ACCREC", LineItems=[line])
    assert made["InvoiceNumber"].startswith("INV-")
    body = {"Type": "ACCREC", "Contact": {"Name": "x"}, "InvoiceNumber": made["InvoiceNumber"], "LineItems": [line]}
    assert api.errors("PUT", "Invoices", body) == ["Invoice # must be unique."]
    assert bill(api, InvoiceNumber="DUP")["InvoiceID"] != bill(api, InvoiceNumber="DUP")["InvoiceID"]


def credit(api: Api, amount: object, kind: str = "ACCPAYCREDIT") -> dict[str, Any]:
    body = {
        "Type": kind,
        "Contact": {"Name": "Heron Supplies"},
        "Date": "2026-06-02",
        "Status": "AUTHORISED",
        "LineItems": [{**LINE, "UnitAmount": amount, "TaxType": "NONE"}],
    }
    return api.ok("PUT", "CreditNotes", body)["CreditNotes"][0]


def test_allocating_credit_and_taking_it_back(api: Api) -> None:
    made, note = bill(api), credit(api, 50)
    path = f"CreditNotes/{note['CreditNoteID']}"
    body = {"Allocations": [{"Invoice": {"InvoiceID": made["InvoiceID"]}, "Amount": 30, "Date": "2026-06-03"}]}
    allocation = api.ok("PUT", f"{path}/Allocations", body)["Allocations"][0]
    part = api.get(path)[0]
    assert (part["RemainingCredit"], part["Status"], len(part["Allocations"])) == (20, "AUTHORISED", 1)
    owing = fresh(api, made)
    assert (owing["AmountDue"], owing["AmountCredited"]) == (90, 30)
    assert owing["CreditNotes"][0]["CreditNoteID"] == note["CreditNoteID"]
    too_much = {"Invoice": {"InvoiceID": made["InvoiceID"]}, "Amount": 21}
    assert "exceeds" in api.errors("PUT", f"{path}/Allocations", too_much)[0]
    assert "has a payment" in api.errors("POST", path, {"Status": "VOIDED"})[0]
    api.ok("DELETE", f"{path}/Allocations/{allocation['AllocationID']}")
    assert api.call("DELETE", f"{path}/Allocations/{allocation['AllocationID']}").status_code == 404
    assert fresh(api, made)["AmountDue"] == 120
    assert api.get(path)[0]["RemainingCredit"] == 50
    api.ok("POST", path, {"Status": "VOIDED"})


def test_credit_pays_only_its_own_contact_side_and_currency(api: Api) -> None:
    note = credit(api, 50)
    path = f"CreditNotes/{note['CreditNoteID']}/Allocations"
    other = bill(api, Contact={"Name": "Somebody Else"})
    sale = bill(api, Type="ACCREC", LineItems=[{**LINE, "AccountCode": "200", "TaxType": "OUTPUT2"}])
    euro = bill(api, CurrencyCode="EUR")
    for target, message in ((other, "same contact"), (sale, "matching types"), (euro, "same currency")):
        body = {"Invoice": {"InvoiceID": target["InvoiceID"]}, "Amount": 1}
        assert message in api.errors("PUT", path, body)[0]


def test_refunding_a_credit_note(api: Api) -> None:
    note = credit(api, 50)
    body = {
        "CreditNote": {"CreditNoteID": note["CreditNoteID"]},
        "Account": {"Code": "090"},
        "Date": "2026-06-04",
        "Amount": 50,
    }
    assert api.ok("PUT", "Payments", body)["Payments"][0]["PaymentType"] == "APCREDITPAYMENT"
    assert api.get(f"CreditNotes/{note['CreditNoteID']}")[0]["Status"] == "PAID"


def test_foreign_bills_post_exchange_gains(api: Api) -> None:
    made = bill(api, CurrencyCode="EUR", CurrencyRate="1.171717")
    assert made["CurrencyRate"] == 1.171717
    first = pay(api, made, "33.33")
    assert first["BankAmount"] != first["Amount"]
    body = {
        "Invoice": {"InvoiceID": made["InvoiceID"]},
        "Account": {"Code": "090"},
        "Amount": "86.67",
        "CurrencyRate": "1.2",
    }
    second = api.ok("PUT", "Payments", body)["Payments"][0]
    assert fresh(api, made)["Status"] == "PAID"
    assert imbalances(api.book) == []
    for payment in (first, second):
        api.ok("POST", f"Payments/{payment['PaymentID']}", {"Status": "DELETED"})
    body["Account"] = {"Code": "092"}
    assert "currency" in api.errors("PUT", "Payments", body)[0]


def test_batches_live_and_die_together(api: Api) -> None:
    bills = [bill(api), bill(api)]
    body = {
        "Account": {"Code": "090"},
        "Date": "2026-06-06",
        "Payments": [{"Invoice": {"InvoiceID": b["InvoiceID"]}, "Amount": 120} for b in bills],
    }
    batch = api.ok("PUT", "BatchPayments", body)["BatchPayments"][0]
    assert (batch["Type"], batch["TotalAmount"]) == ("PAYBATCH", 240)
    payment = api.get(f"Payments/{batch['Payments'][0]['PaymentID']}")[0]
    assert payment["BatchPaymentID"] == batch["BatchPaymentID"]
    assert "batch" in api.errors("POST", f"Payments/{payment['PaymentID']}", {"Status": "DELETED"})[0]
    api.ok("POST", f"BatchPayments/{batch['BatchPaymentID']}", {"Status": "DELETED"})
    assert [fresh(api, b)["AmountDue"] for b in bills] == [120, 120]


def test_a_refused_batch_leaves_no_trace(api: Api) -> None:
    made, draft = bill(api), bill(api, Status="DRAFT")
    journals = len(api.book.journals)
    payments = [{"Invoice": {"InvoiceID": b["InvoiceID"]}, "Amount": 120} for b in (made, draft)]
    api.errors("PUT", "BatchPayments", {"Account": {"Code": "090"}, "Payments": payments})
    assert fresh(api, made) == made
    assert len(api.book.journals) == journals


def spend(api: Api, **changes: Any) -> dict[str, Any]:
    body = {
        "Type": "SPEND",
        "Contact": {"Name": "Heron Supplies"},
        "BankAccount": {"Code": "090"},
        "Date": "2026-06-01",
        "LineItems": [LINE],
        **changes,
    }
    return api.ok("PUT", "BankTransactions", body)["BankTransactions"][0]


def test_bank_transactions(api: Api) -> None:
    made = spend(api)
    path = f"BankTransactions/{made['BankTransactionID']}"
    assert (made["Total"], made["Status"], made["IsReconciled"]) == (120, "AUTHORISED", False)
    edited = api.ok("POST", path, {"LineItems": [{**LINE, "UnitAmount": 1}], "Type": "RECEIVE"})
    assert (edited["BankTransactions"][0]["Total"], edited["BankTransactions"][0]["Type"]) == (1.2, "RECEIVE")
    api.ok("POST", path, {"Status": "DELETED"})
    assert api.errors("POST", path, {"Reference": "x"})
    reconciled = spend(api, IsReconciled=True)
    path = f"BankTransactions/{reconciled['BankTransactionID']}"
    assert "reconciled" in api.errors("POST", path, {"Reference": "x"})[0]
    body = {"Type": "SPEND", "Contact": {"Name": "x"}, "BankAccount": {"Code": "429"}, "LineItems": [LINE]}
    assert "BANK account" in api.errors("PUT", "BankTransactions", body)[0]


@pytest.mark.parametrize(
    ("kind", "collection", "key"),
    [
        ("SPEND-OVERPAYMENT", "Overpayments", "OverpaymentID"),
        ("SPEND-PREPAYMENT", "Prepayments", "PrepaymentID"),
    ],
)
def test_advances_are_credit(api: Api, kind: str, collection: str, key: str) -> None:
    advance = spend(api, Type=kind, LineItems=[{**LINE, "UnitAmount": 60, "TaxType": "NONE"}])
    credit_id = advance[key]
    made = bill(api)
    body = {"Invoice": {"InvoiceID": made["InvoiceID"]}, "Amount": 60}
    api.ok("PUT", f"{collection}/{credit_id}/Allocations", body)
    assert fresh(api, made)[collection][0][key] == credit_id
    assert api.get(f"{collection}/{credit_id}")[0]["Status"] == "PAID"
    path = f"BankTransactions/{advance['BankTransactionID']}"
    assert "has a payment" in api.errors("POST", path, {"Status": "DELETED"})[0]


def test_transfers(api: Api) -> None:
    body = {"FromBankAccount": {"Code": "090"}, "ToBankAccount": {"Code": "091"}, "Amount": "20.00"}
    made = api.ok("PUT", "BankTransfers", body)["BankTransfers"][0]
    api.ok("POST", f"BankTransfers/{made['BankTransferID']}", {"Status": "DELETED"})
    assert api.get(f"BankTransfers/{made['BankTransferID']}")[0]["Status"] == "DELETED"
    for changes, message in (
        ({"ToBankAccount": {"Code": "090"}}, "must differ"),
        ({"ToBankAccount": {"Code": "092"}}, "same currency"),
        ({"ToBankAccount": {"Code": "429"}}, "BANK account"),
        ({"Amount": -1}, "greater than zero"),
    ):
        assert message in api.errors("PUT", "BankTransfers", {**body, **changes})[0]


def test_manual_journals(api: Api) -> None:
    lines = [{"AccountCode": "429", "LineAmount": "10"}, {"AccountCode": "463", "LineAmount": "-10"}]
    body = {"Narration": "Move", "Date": "2026-06-01", "Status": "POSTED", "JournalLines": lines}
    made = api.ok("PUT", "ManualJournals", body)["ManualJournals"][0]
    path = f"ManualJournals/{made['ManualJournalID']}"
    api.ok("POST", path, {"Status": "VOIDED"})
    assert api.errors("POST", path, {"Narration": "x"})
    for changes, message in (
        ({"Narration": ""}, "Narration"),
        ({"JournalLines": lines[:1]}, "At least two"),
        ({"JournalLines": [lines[0], {**lines[1], "LineAmount": "-9"}]}, "must equal"),
        ({"JournalLines": [lines[0], {**lines[1], "AccountCode": "090"}]}, "not a valid code"),
    ):
        assert message in api.errors("PUT", "ManualJournals", {**body, **changes})[0]


def test_contacts(api: Api) -> None:
    made = api.ok("PUT", "Contacts", {"Name": "Teal", "Phones": [{"PhoneNumber": "1"}]})["Contacts"][0]
    path = f"Contacts/{made['ContactID']}"
    assert "already assigned" in api.errors("PUT", "Contacts", {"Name": "tEAL"})[0]
    assert api.errors("POST", path, {"Name": " "})
    assert api.errors("POST", path, {"EmailAddress": "not an address"})
    assert api.errors("POST", path, {"CompanyNumber": "1" * 51})
    api.ok("POST", path, {"ContactStatus": "ARCHIVED"})
    assert "archived" in api.errors("POST", path, {"FirstName": "x"})[0]
    api.ok("PUT", "Contacts", {"Name": "Teal"})
    assert "already assigned" in api.errors("POST", path, {"ContactStatus": "ACTIVE"})[0]


def test_accounts(api: Api) -> None:
    made = api.ok("PUT", "Accounts", {"Code": "4290", "Name": "Snacks", "Type": "OVERHEADS"})["Accounts"][0]
    assert (made["Class"], made["TaxType"], made["Status"]) == ("EXPENSE", "NONE", "ACTIVE")
    path = f"Accounts/{made['AccountID']}"
    for body, message in (
        ({"Code": "4290", "Name": "Other", "Type": "OVERHEADS"}, "unique Code"),
        ({"Code": "4291", "Name": "Snacks", "Type": "OVERHEADS"}, "unique Name"),
        ({"Code": "12345678901", "Name": "Long", "Type": "OVERHEADS"}, "Maximum of 10 characters"),
        ({"Name": "No code", "Type": "OVERHEADS"}, "code must be specified"),
        ({"Code": "1", "Name": "No type"}, "Type must be specified"),
        ({"Name": "Bank", "Type": "BANK"}, "Bank account number"),
    ):
        assert message in api.errors("PUT", "Accounts", body)[0]
    bank = {"Name": "New Bank", "Type": "BANK", "BankAccountNumber": "12345612345678", "CurrencyCode": "EUR"}
    assert api.ok("PUT", "Accounts", bank)["Accounts"][0]["CurrencyCode"] == "EUR"
    api.ok("POST", path, {"Status": "ARCHIVED"})
    archived = {"Type": "ACCPAY", "Contact": {"Name": "x"}, "LineItems": [{**LINE, "AccountCode": "4290"}]}
    assert api.errors("PUT", "Invoices", archived) == ["Account code '4290' has been archived, or has been deleted."]
    used = next(a for a in api.get("Accounts") if a.get("Code") == "404")
    assert "has transactions" in api.errors("DELETE", f"Accounts/{used['AccountID']}")[0]


def test_items_tax_rates_and_tracking(own_api: Api) -> None:
    api = own_api
    item = api.ok("PUT", "Items", {"Code": "NEW", "SalesDetails": {"UnitPrice": 5, "AccountCode": "200"}})
    item_id = item["Items"][0]["ItemID"]
    sale = bill(api, Type="ACCREC", LineItems=[{"ItemCode": "NEW", "Quantity": 2}])
    assert (sale["SubTotal"], sale["LineItems"][0]["AccountCode"]) == (10, "200")
    assert api.call("DELETE", f"Items/{item_id}").status_code == 204
    assert api.call("GET", f"Items/{item_id}").status_code == 404
    rate = {"Name": "Odd", "TaxComponents": [{"Name": "Odd", "Rate": "7.5"}]}
    assert api.ok("PUT", "TaxRates", rate)["TaxRates"][0]["TaxType"] == "TAX001"
    categories = api.get("TrackingCategories")
    assert "Maximum of 2" in api.errors("PUT", "TrackingCategories", {"Name": "Third"})[0]
    path = f"TrackingCategories/{categories[0]['TrackingCategoryID']}"
    option = api.ok("PUT", f"{path}/Options", {"Name": "Centre"})["Options"][0]
    api.ok("POST", f"{path}/Options/{option['TrackingOptionID']}", {"Name": "Middle"})
    api.ok("DELETE", f"{path}/Options/{option['TrackingOptionID']}")
    api.ok("DELETE", path)
    assert len(api.get("TrackingCategories")) == 1


def test_purchase_orders(api: Api) -> None:
    body = {"Contact": {"Name": "Heron Supplies"}, "LineItems": [LINE], "Status": "AUTHORISED"}
    made = api.ok("PUT", "PurchaseOrders", body)["PurchaseOrders"][0]
    assert api.get(f"PurchaseOrders/{made['PurchaseOrderNumber']}")[0]["Total"] == 120
    api.ok("POST", f"PurchaseOrders/{made['PurchaseOrderID']}", {"Status": "DELETED"})
    assert api.errors("POST", f"PurchaseOrders/{made['PurchaseOrderID']}", {"Status": "DRAFT"})


def test_one_bad_element_refuses_all_unless_asked_otherwise(api: Api) -> None:
    body = {"Contacts": [{"Name": "Good One"}, {"Name": ""}, {"Name": "Good Two"}]}
    assert api.errors("PUT", "Contacts", body) == ["The Contact Name must be specified"]
    assert "good one" not in api.book.contact_names
    answer = api.ok("PUT", "Contacts?summarizeErrors=false", body)["Contacts"]
    assert [entry["StatusAttributeString"] for entry in answer] == ["OK", "ERROR", "OK"]
    assert answer[1]["ValidationErrors"]
    assert "good two" in api.book.contact_names


def test_a_code_given_up_is_free_and_finds_nothing(api: Api) -> None:
    made = api.ok("PUT", "Accounts", {"Code": "5001", "Name": "Walks", "Type": "OVERHEADS"})["Accounts"][0]
    api.ok("POST", f"Accounts/{made['AccountID']}", {"Code": "5002"})
    assert api.call("GET", "Accounts/5001").status_code == 404
    assert api.get("Accounts/5002")[0]["AccountID"] == made["AccountID"]
    api.ok("PUT", "Accounts", {"Code": "5001", "Name": "Runs", "Type": "OVERHEADS"})
    assert api.get("Accounts/5001")[0]["Name"] == "Runs"


def test_a_first_bill_makes_a_supplier_at_once(api: Api) -> None:
    made = api.ok("PUT", "Contacts", {"Name": "Dunlin Ltd"})["Contacts"][0]
    query = f"Contacts?where=IsSupplier==true&IDs={made['ContactID']}"
    assert api.get(query) == []
    bill(api, Contact={"ContactID": made["ContactID"]})
    again = api.get(query)[0]
    assert again["UpdatedDateUTC"] == made["UpdatedDateUTC"], "the contact itself was not edited"
