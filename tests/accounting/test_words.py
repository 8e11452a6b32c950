"""The closed word lists are the contract's, word for word."""

from __future__ import annotations

import pytest

from bookbridge.accounting import catalog
from bookbridge.accounting.addresses import AddressType, PhoneNumberType, WebLinkType
from bookbridge.accounting.fields import fields_of
from bookbridge.accounting.options import PushOptionType
from bookbridge.accounting.records import Word
from bookbridge.accounting.tracking import BilledTo
from bookbridge.accounting.types.accounts import AccountStatus, AccountType
from bookbridge.accounting.types.bank_accounts import BankAccountStatus, BankAccountType
from bookbridge.accounting.types.bill_credit_notes import BillCreditNoteStatus
from bookbridge.accounting.types.bill_payments import BillPaymentLineLinkType
from bookbridge.accounting.types.bills import BillStatus
from bookbridge.accounting.types.customers import CustomerStatus
from bookbridge.accounting.types.items import ItemStatus, ItemType
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
}


@pytest.mark.parametrize("key", sorted(REQUIRED))
def test_required_fields_are_the_contracts(key: str) -> None:
    required = {field.json_name for field in fields_of(catalog.by_key(key).record) if field.required}
    assert required == set(REQUIRED[key].split())
