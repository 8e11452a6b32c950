"""The closed word lists are the contract's, word for word."""

from __future__ import annotations

import pytest

from bookbridge.accounting import catalog
from bookbridge.accounting.addresses import AddressType, PhoneNumberType, WebLinkType
from bookbridge.accounting.fields import fields_of
from bookbridge.accounting.options import PushOptionType
from bookbridge.accounting.reconciliation import ReconciliationStatus
from bookbridge.accounting.records import Word
from bookbridge.accounting.references import (
    ContactDataType,
    PostedDataType,
    SalesOrderDataType,
    TrackedDataType,
)
from bookbridge.accounting.statements import ReportBasis
from bookbridge.accounting.tracking import BilledTo
from bookbridge.accounting.types.accounts import AccountStatus, AccountType
from bookbridge.accounting.types.bank_accounts import BankAccountStatus, BankAccountType
from bookbridge.accounting.types.bank_transactions import BankTransactionType
from bookbridge.accounting.types.bill_credit_notes import BillCreditNoteStatus
from bookbridge.accounting.types.bill_payments import BillPaymentLineLinkType
from bookbridge.accounting.types.bills import BillStatus
from bookbridge.accounting.types.cash_flow_statement import ReportInput
from bookbridge.accounting.types.credit_notes import CreditNoteStatus
from bookbridge.accounting.types.customers import CustomerStatus
from bookbridge.accounting.types.invoices import InvoiceStatus
from bookbridge.accounting.types.item_receipts import ItemReceiptStatus
from bookbridge.accounting.types.items import ItemStatus, ItemType
from bookbridge.accounting.types.journals import JournalStatus
from bookbridge.accounting.types.payment_methods import PaymentMethodStatus, PaymentMethodType
from bookbridge.accounting.types.payments import PaymentLinkType
from bookbridge.accounting.types.purchase_orders import PurchaseOrderStatus
from bookbridge.accounting.types.sales_orders import SalesOrderInvoiceStatus, SalesOrderStatus
from bookbridge.accounting.types.suppliers import SupplierStatus
from bookbridge.accounting.types.tax_rates import TaxRateStatus
from bookbridge.accounting.types.tracking_categories import TrackingCategoryStatus


@pytest.mark.parametrize(
    ("words", "contract"),
    [
        (BillStatus, "Unknown Open PartiallyPaid Paid Void Draft"),
        (BillCreditNoteStatus, "Unknown Draft Submitted Paid Void PartiallyPaid"),
        (
            BillPaymentLineLinkType,
            "Unknown Unlinked Bill Other CreditNote BillPayment PaymentOnAccount Refund ManualJournal Discount",
        ),
        (SupplierStatus, "Unknown Active Archived"),
        (CustomerStatus, "Unknown Active Archived"),
        (TaxRateStatus, "Unknown Active Archived"),
        (TrackingCategoryStatus, "Unknown Active Archived"),
        (ItemStatus, "Unknown Active Archived"),
        (ItemType, "Unknown Inventory NonInventory Service"),
        (AccountType, "Unknown Asset Expense Income Liability Equity"),
        (AccountStatus, "Unknown Active Archived Pending"),
        (BankAccountType, "Unknown Credit Debit"),
        (BankAccountStatus, "Unknown Active Archived Pending"),
        (BilledTo, "Unknown NotApplicable Customer Project"),
        (AddressType, "Unknown Billing Delivery"),
        (PhoneNumberType, "Primary Landline Mobile Fax Unknown"),
        (WebLinkType, "Website Social Unknown"),
        (InvoiceStatus, "Unknown Draft Submitted PartiallyPaid Paid Void"),
        (CreditNoteStatus, "Unknown Draft Submitted Paid Void PartiallyPaid"),
        (
            PaymentLinkType,
            "Unknown Unlinked Invoice CreditNote Other Refund Payment PaymentOnAccount ManualJournal Discount",
        ),
        (SalesOrderStatus, "Unknown Draft Open Closed Void"),
        (SalesOrderInvoiceStatus, "Unknown PartiallyInvoiced Invoiced NotInvoiced"),
        (PurchaseOrderStatus, "Unknown Draft Open Closed Void"),
        (ItemReceiptStatus, "Unknown Draft Received Rejected Void"),
        (JournalStatus, "Unknown Active Archived"),
        (PaymentMethodStatus, "Unknown Active Archived"),
        (PaymentMethodType, "Unknown Cash Check CreditCard DebitCard BankTransfer Other"),
        (ReconciliationStatus, "Unknown Unreconciled Reconciled Void"),
        (
            BankTransactionType,
            "Unknown Credit Debit Int Div Fee SerChg Dep Atm Pos Xfer Check Payment Cash DirectDep DirectDebit "
            "RepeatPmt Other",
        ),
        (ReportBasis, "Unknown Accrual Cash"),
        (ReportInput, "Unknown Indirect Direct"),
        (ContactDataType, "customers suppliers"),
        (TrackedDataType, "customers suppliers trackingCategories"),
        (SalesOrderDataType, "salesOrders"),
        (
            PostedDataType,
            "bankTransactions billCreditNotes billPayments bills creditNotes directCosts directIncomes invoices "
            "journalEntries payments transfers",
        ),
        (PushOptionType, "Array Object String Number Boolean DateTime File MultiPart"),
    ],
)
def test_words(words: type[Word], contract: str) -> None:
    assert {word.value for word in words} == set(contract.split())


def test_words_are_read_whatever_their_case() -> None:
    assert BillStatus("partiallypaid") is BillStatus.PARTIALLY_PAID
    with pytest.raises(ValueError):
        BillStatus("Nonsense")


REQUIRED = {
    "company": "",
    "chartOfAccounts": "",
    "bankAccounts": "",
    "taxRates": "",
    "trackingCategories": "",
    "suppliers": "status",
    "customers": "status",
    "items": "isBillItem isInvoiceItem itemStatus type",
    "bills": "issueDate status subTotal taxAmount totalAmount",
    "billCreditNotes": ("totalAmount totalDiscount subTotal totalTaxAmount discountPercentage status"),
    "billPayments": "date",
    "invoices": "issueDate totalTaxAmount totalAmount amountDue status",
    "creditNotes": "totalAmount totalDiscount subTotal totalTaxAmount discountPercentage remainingCredit status",
    "payments": "date",
    "salesOrders": "",
    "purchaseOrders": "",
    "itemReceipts": "",
    "directCosts": "issueDate currency lineItems paymentAllocations subTotal taxAmount totalAmount",
    "directIncomes": "issueDate currency lineItems paymentAllocations subTotal taxAmount totalAmount",
    "transfers": "",
    "journals": "",
    "journalEntries": "",
    "bankTransactions": "",
    "accountTransactions": "",
    "paymentMethods": "",
    "balanceSheet": "reports",
    "profitAndLoss": "reports reportBasis",
    "cashFlowStatement": "reports reportBasis reportInput",
}


@pytest.mark.parametrize("key", sorted(REQUIRED))
def test_required_fields_are_the_contracts(key: str) -> None:
    required = {field.json_name for field in fields_of(catalog.by_key(key).record) if field.required}
    assert required == set(REQUIRED[key].split())
