"""The lines of documents and bank transactions on their way to Xero: one shape, one set of checks.

Amounts are sent exclusive of tax, as our records have them. A line without a tax rate is untaxed unless it states tax;
left out, Xero would take the default rate of the line's account. Pure functions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, Protocol

from bookbridge.accounting.line_amounts import PricedLine
from bookbridge.accounting.references import AccountRef, ItemRef, TaxRateRef, TrackingCategoryRef
from bookbridge.connectors.kit.connector import Choice, Facts
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.write_parts import (
    DESCRIPTION_LENGTH_MAX,
    NO_TAX,
    PRICE_PLACES,
    QUANTITY_PLACES,
    Json,
    amounts_kept_whole,
    kept_whole,
    vendor_date,
    vendor_rate,
    without_absent,
)

TRACKING_PER_LINE_MAX: Final = 2

LINE_FIELDS: Final = (
    "lineItems.description",
    "lineItems.quantity",
    "lineItems.unitAmount",
    "lineItems.subTotal",
    "lineItems.taxAmount",
    "lineItems.totalAmount",
    "lineItems.accountRef.id",
    "lineItems.taxRateRef.id",
    "lineItems.itemRef.id",
    "lineItems.trackingCategoryRefs.id",
)
"""Sub totals and totals are not sent, but checked against price and quantity before anything is."""

# An account names four kinds of documents or none; lines of whatever kind take the same accounts.
LINE_ACCOUNTS: Final = Choice(records_of="chartOfAccounts", linked="Bill.LineItems.AccountRef.Id")
BOUGHT_RATES: Final = Choice(records_of="taxRates", linked="Bill.LineItems.TaxRateRef.Id")
SOLD_RATES: Final = Choice(records_of="taxRates", linked="Invoice.LineItems.TaxRateRef.Id")
COUNTED_UNDER: Final = Choice(records_of="trackingCategories", where="hasChildren=false")


def _line_choices(rates: Choice, items: str) -> Mapping[str, Choice]:
    return {
        "lineItems.accountRef.id": LINE_ACCOUNTS,
        "lineItems.taxRateRef.id": rates,
        "lineItems.itemRef.id": Choice(records_of="items", where=items),
        "lineItems.trackingCategoryRefs.id": COUNTED_UNDER,
    }


BOUGHT_CHOICES: Final = _line_choices(BOUGHT_RATES, "isBillItem=true")
SOLD_CHOICES: Final = _line_choices(SOLD_RATES, "isInvoiceItem=true")
LINE_USUAL: Final = ("lineItems.accountRef.id",)
TAX_NOTES: Final[Mapping[str, str]] = {
    "lineItems.taxRateRef.id": "One that goes with the account: of sales, of costs or of assets.",
    "lineItems.taxAmount": "What the tax rate makes of the line's amount; without a rate zero.",
}
LINE_NOTES: Final[Mapping[str, str]] = {
    "lineItems.accountRef.id": "May be left out of a draft, and of a line with an item that has an account.",
    **TAX_NOTES,
}
LINE_LENGTHS: Final = {"lineItems.description": DESCRIPTION_LENGTH_MAX}


class Line(PricedLine, Protocol):
    """A line of any document."""

    @property
    def description(self) -> str | None: ...
    @property
    def account_ref(self) -> AccountRef | None: ...
    @property
    def tax_rate_ref(self) -> TaxRateRef | None: ...
    @property
    def item_ref(self) -> ItemRef | None: ...
    @property
    def tracking_category_refs(self) -> Sequence[TrackingCategoryRef]: ...


def vendor_line(line: Line) -> Json:
    """A line. Tracking options lack their category and items their code: `completing` adds both."""
    return without_absent(
        {
            "Description": line.description,
            "Quantity": line.quantity,
            "UnitAmount": line.unit_amount,
            "TaxAmount": line.tax_amount,
            "TaxType": _tax_type(line),
            "AccountID": line.account_ref.id if line.account_ref else None,
            "Item": {"ItemID": line.item_ref.id} if line.item_ref else None,
            "Tracking": [{"TrackingOptionID": ref.id} for ref in line.tracking_category_refs] or None,
        }
    )


def document(
    contact_id: str | None,
    issue_date: str | None,
    status: str,
    currency: str | None,
    currency_rate: Decimal | None,
    facts: Facts,
) -> Json:
    """What the documents have in common, but for their lines. Without a rate Xero takes its own rate of the day."""
    return without_absent(
        {
            "Contact": {"ContactID": contact_id} if contact_id else None,
            "Date": vendor_date(issue_date),
            "LineAmountTypes": "Exclusive",
            "CurrencyCode": currency,
            "CurrencyRate": vendor_rate(currency, currency_rate, facts),
            "Status": status,
        }
    )


def _tax_type(line: Line) -> str | None:
    if line.tax_rate_ref and line.tax_rate_ref.id:
        return line.tax_rate_ref.id
    return None if line.tax_amount else NO_TAX


def line_problems(lines: Sequence[Line], *, needs_account: bool, takes_discounts: bool = False) -> list[FieldProblem]:
    """What Xero would refuse of the lines, round, or keep silent about."""
    found: list[FieldProblem] = []
    for position, line in enumerate(lines):
        prefix = f"lineItems[{position}]"
        if needs_account and not line.item_ref and not (line.account_ref and line.account_ref.id):
            message = "Xero needs an account on each line, unless the line's item has one."
            found.append(FieldProblem(f"{prefix}.accountRef.id", message))
        if len(line.tracking_category_refs) > TRACKING_PER_LINE_MAX:
            message = f"At most {TRACKING_PER_LINE_MAX} tracking categories can be put on a line."
            found.append(FieldProblem(f"{prefix}.trackingCategoryRefs", message))
        if not takes_discounts:
            found += _discount_problems(line, prefix)
        found += kept_whole(f"{prefix}.quantity", line.quantity, QUANTITY_PLACES)
        found += kept_whole(f"{prefix}.unitAmount", line.unit_amount, PRICE_PLACES)
        found += amounts_kept_whole(_stated(line, prefix))
    return found


def _stated(line: Line, prefix: str) -> Iterable[tuple[str, Decimal | None]]:
    yield f"{prefix}.subTotal", line.sub_total
    yield f"{prefix}.taxAmount", line.tax_amount
    yield f"{prefix}.totalAmount", line.total_amount


def _discount_problems(line: Line, prefix: str) -> list[FieldProblem]:
    message = "Xero knows discounts on invoices only: lower the unit amount instead."
    stated = (("discountAmount", line.discount_amount), ("discountPercentage", line.discount_percentage))
    return [FieldProblem(f"{prefix}.{name}", message) for name, value in stated if value]


class Totalled(Protocol):
    """A document that states its totals."""

    @property
    def sub_total(self) -> Decimal | None: ...
    @property
    def total_tax_amount(self) -> Decimal | None: ...
    @property
    def total_amount(self) -> Decimal | None: ...
    @property
    def total_discount(self) -> Decimal | None: ...


def total_problems(record: Totalled, discount_percentage: Decimal | None = None) -> list[FieldProblem]:
    """A problem for each discount on the whole document, of which Xero knows none, and for each total that it would not
    keep whole."""
    message = "Xero knows no discount on a whole document: put it on the lines, or lower their unit amounts."
    discounts = (("totalDiscount", record.total_discount), ("discountPercentage", discount_percentage))
    stated = (
        ("subTotal", record.sub_total),
        ("totalTaxAmount", record.total_tax_amount),
        ("totalAmount", record.total_amount),
    )
    return [FieldProblem(name, message) for name, value in discounts if value] + amounts_kept_whole(stated)
