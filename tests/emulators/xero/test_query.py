"""The where and order languages."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from bookbridge.emulators.xero.clock import Millis
from bookbridge.emulators.xero.query import QueryError, compile_order, compile_where, sort_records
from bookbridge.emulators.xero.records import Account as LedgerAccount
from bookbridge.emulators.xero.records import BankTransaction, Contact, Invoice, Payment

ID = "43ad1d2e-9d3c-4a3e-8e0a-0123456789ab"
CONTACT = Contact(contact_id=ID, name='Ann "A" Fox', email_address="ann@example.com", contact_number=None)
INVOICE = Invoice(
    invoice_id="9f000000-0000-4000-8000-000000000001",
    type="ACCPAY",
    contact=CONTACT,
    date=dt.date(2026, 3, 15),
    due_date=None,
    status="AUTHORISED",
    total=Decimal("120.50"),
    amount_due=Decimal("20.50"),
    amount_paid=Decimal(100),
    reference="Job (7)",
    invoice_number="B-1",
    sent_to_contact=True,
    updated_date_utc=Millis(1_773_570_600_000),  # 2026-03-15T10:30:00Z
)
ACCOUNT = LedgerAccount(account_id=ID, name="Bank", type="BANK", class_="ASSET")
PAYMENT = Payment(
    payment_id=ID,
    payment_type="ACCPAYPAYMENT",
    account=ACCOUNT,
    date=dt.date(2026, 1, 1),
    amount=Decimal(1),
    bank_amount=Decimal(1),
    invoice=INVOICE,
)
REFUND = Payment(
    payment_id=ID,
    payment_type="ARCREDITPAYMENT",
    account=ACCOUNT,
    date=dt.date(2026, 1, 1),
    amount=Decimal(1),
    bank_amount=Decimal(1),
)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", True),
        ('Type=="ACCPAY"', True),
        ('type == "ACCPAY"', True),
        ('Type!="ACCPAY"', False),
        ('"ACCPAY"==Type', True),
        ('Type="ACCPAY"', True),
        ('Type=="ACCPAY" AND Status!="DELETED"', True),
        ('Type=="ACCPAY"&&Status=="PAID"', False),
        ('Type=="X" OR Status=="AUTHORISED"', True),
        ('Type=="X"||Status=="X"', False),
        ('Type=="X" AND Status=="X" OR Total>1', True),
        ('Type=="X" AND (Status=="X" OR Total>1)', False),
        ('(Type=="ACCPAY") AND (((Total>=120.5)))', True),
        ("Total>120.50", False),
        ("Total<=120.5", True),
        ("120.49<Total", True),
        ("Total<-1", False),
        ("AmountPaid>AmountDue", True),
        ("Date>=DateTime(2026,03,15)", True),
        ("Date>DateTime(2026, 3, 15)", False),
        ("Date<DateTime(2026,3,15,0,0,1)", True),
        ("Date==DateTime(2026,3,15)", True),
        ('Date>=DateTime.Parse("2026-01-01")', True),
        ("UpdatedDateUTC>=DateTime(2026,3,15,10,30,0)", True),
        ("UpdatedDateUTC>DateTime(2026,3,15,10,30,0)", False),
        (f'Contact.ContactID==guid("{ID}")', True),
        (f'Contact.ContactID==Guid("{ID.replace("-", "").upper()}")', True),
        (f'Contact.ContactID==Guid.Parse("{ID}")', True),
        (f'InvoiceID==GUID("{ID}")', False),
        (f'InvoiceID!=guid("{ID}")', True),
        (r'Contact.Name=="Ann \"A\" Fox"', True),
        ('Contact.Name.Contains("Fox")', True),
        ('Contact.Name.StartsWith("Fox")', False),
        ('Contact.Name.EndsWith("Fox")', True),
        ('Contact.Name.ToLower().Contains("fox")', True),
        ('Contact.Name.toupper()=="ANN \\"A\\" FOX"', True),
        ('Contact.ContactNumber.Contains("1")', False),
        ("Contact.ContactNumber==null", True),
        ("Contact.ContactNumber!=null", False),
        ("null==DueDate", True),
        ("DueDate!=null", False),
        ("DueDate>DateTime(2020,1,1)", False),
        ('Reference=="Job (7)"', True),
        ("SentToContact==true", True),
        ("SentToContact", True),
        ("!SentToContact", False),
        ("SentToContact!=false", True),
        ('!(Type=="X")', True),
        ('NOT (Type=="X")', True),
    ],
)
def test_invoices(where: str, expected: bool) -> None:
    assert compile_where(where, Invoice)(INVOICE) is expected


@pytest.mark.parametrize(
    ("where", "record", "expected"),
    [
        (f'Invoice.InvoiceID==guid("{INVOICE.invoice_id}")', PAYMENT, True),
        (f'Invoice.InvoiceID==guid("{INVOICE.invoice_id}")', REFUND, False),
        ('Invoice.Contact.Name.Contains("Fox")', PAYMENT, True),
        ('Invoice.Contact.Name.Contains("Fox")', REFUND, False),
        ("Invoice!=null", PAYMENT, True),
        ("Invoice==null", REFUND, True),
        ('Account.Class=="ASSET"', PAYMENT, True),
        ('PaymentType=="ACCPAYPAYMENT"', REFUND, False),
    ],
)
def test_nested(where: str, record: Payment, expected: bool) -> None:
    assert compile_where(where, Payment)(record) is expected


@pytest.mark.parametrize(
    "where",
    [
        "Type==",
        "==1",
        'Type=="ACCPAY" AND',
        '(Type=="ACCPAY"',
        'Type=="ACCPAY")',
        "Nothing==1",
        "Contact.Nothing==null",
        "Type.Name==null",
        "Type",
        "Total",
        'Total=="120.50"',
        'Date=="2026-01-01"',
        f'Contact.ContactID=="{ID}"',
        'Contact=="x"',
        "Contact>null",
        'InvoiceID==guid("nonsense")',
        "Date>=DateTime(2026,13,1)",
        "Date>=DateTime(2026)",
        'Total.Contains("1")',
        'Contact.Name.Matches("x")',
        "Type=='ACCPAY'",
        "Postings==null",
        "__class__==null",
        "Total>1e400",
        "(" * 100 + "Total>1" + ")" * 100,
        "Total>1 OR " * 2000 + "Total>1",
    ],
)
def test_refused(where: str) -> None:
    with pytest.raises(QueryError):
        compile_where(where, Invoice)


def test_every_field_of_a_bank_transaction_can_be_named() -> None:
    assert compile_where('BankAccount.AccountID==guid("' + ID + '") OR IsReconciled==false', BankTransaction)


def test_order() -> None:
    def invoice(number: str, total: int, due: dt.date | None) -> Any:
        return Invoice(
            invoice_id=number,
            invoice_number=number,
            type="ACCREC",
            status="DRAFT",
            contact=CONTACT,
            date=dt.date(2026, 1, 1),
            due_date=due,
            total=Decimal(total),
        )

    a, b, c = invoice("a", 2, None), invoice("b", 1, dt.date(2026, 1, 2)), invoice("c", 2, dt.date(2026, 1, 1))

    def ordered(order: str) -> str:
        return "".join(i.invoice_number for i in sort_records([a, b, c], compile_order(order, Invoice)))

    assert ordered("Total") == "bac"
    assert ordered("Total DESC") == "acb"
    assert ordered("Total DESC, InvoiceNumber DESC") == "cab"
    assert ordered("DueDate ASC") == "acb"
    assert ordered("Contact.Name asc,InvoiceNumber") == "abc"
    for bad in ("", "Total UP", "Nothing", "Total DESC x", "Total,,Date"):
        with pytest.raises(QueryError):
            compile_order(bad, Invoice)
