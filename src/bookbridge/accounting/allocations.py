"""How much of which payment has been set against a bill, an invoice, a credit note or a direct cost or income."""

from __future__ import annotations

from decimal import Decimal

from bookbridge.accounting.dates import ContractDateTime
from bookbridge.accounting.records import Part
from bookbridge.accounting.references import AccountRef


class AllocatedPayment(Part, frozen=True, kw_only=True):
    """The payment (or credit) that was used."""

    id: str | None = None
    """Identifier of the payment."""
    note: str | None = None
    """Free text on the payment."""
    reference: str | None = None
    """Reference that people know the payment by."""
    account_ref: AccountRef | None = None
    """Account that the money came from or went to."""
    currency: str | None = None
    """Currency of the payment, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the payment's currency into the company's base currency."""
    paid_on_date: ContractDateTime | None = None
    """Date on which the payment was made."""
    total_amount: Decimal | None = None
    """The whole amount of the payment, in the payment's currency."""


class Allocation(Part, frozen=True, kw_only=True):
    """The part of the payment that was set against this record."""

    currency: str | None = None
    """Currency of the allocated amount, ISO 4217."""
    currency_rate: Decimal | None = None
    """Rate that multiplies the allocation's currency into the company's base currency."""
    allocated_on_date: ContractDateTime | None = None
    """Date on which the payment was set against the record."""
    total_amount: Decimal | None = None
    """The amount that was allocated."""


class PaymentAllocation(Part, frozen=True, kw_only=True):
    """One payment, and how much of it went here."""

    payment: AllocatedPayment
    """The payment that was used."""
    allocation: Allocation
    """How much of it was set against this record, and when."""
