"""Payment methods: the ways in which the books know payments to be made."""

from __future__ import annotations

from bookbridge.accounting.data_type import DataType, Level
from bookbridge.accounting.records import ListedRecord, Word


class PaymentMethodType(Word):
    """What a payment method is."""

    UNKNOWN = "Unknown"
    CASH = "Cash"
    CHECK = "Check"
    CREDIT_CARD = "CreditCard"
    DEBIT_CARD = "DebitCard"
    BANK_TRANSFER = "BankTransfer"
    OTHER = "Other"


class PaymentMethodStatus(Word):
    """Whether a payment method can be used on new payments."""

    UNKNOWN = "Unknown"
    ACTIVE = "Active"
    ARCHIVED = "Archived"


class PaymentMethod(ListedRecord, frozen=True, kw_only=True):
    """A way of paying."""

    name: str | None = None
    """Name of the payment method."""
    type: PaymentMethodType | None = None
    """What it is."""
    status: PaymentMethodStatus | None = None
    """Whether it can be used on new payments."""


PAYMENT_METHODS = DataType(
    key="paymentMethods",
    path="paymentMethods",
    record=PaymentMethod,
    singular="payment method",
    level=Level.COMPANY,
)
