"""Lines of documents: what a body says of them, the tax that follows, and what they add up to.

It must not store anything, and raises ValidationFailed with the vendor's kind of message.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.journals import round_money
from bookbridge.emulators.xero.records import ONE, ZERO, Account, Item, Line, TaxRate
from bookbridge.emulators.xero.rules import applies_to, resolve_account, resolve_tax_rate, resolve_tracking
from bookbridge.emulators.xero.wire import MAX_MONEY, Fields, ValidationFailed

MAX_DESCRIPTION_CHARS = 4_000
MAX_LINES = 1_000

KEPT_BY_THE_VENDOR = {
    "DEBTORS", "CREDITORS", "UNPAIDEXPCLM", "TRACKINGTRANSFERS",
    "REALISEDCURRENCYGAIN", "UNREALISEDCURRENCYGAIN", "BANKCURRENCYGAIN",
}  # fmt: skip
"""System accounts that no line of a document may name."""

_CENT = Decimal("0.01")
_HUNDRED = Decimal(100)
_UNIT = Decimal("0.0001")
"""Four decimals: the most that quantities and unit prices have."""


def build_lines(
    book: Book,
    fields: list[Fields],
    line_amount_types: str,
    *,
    approved: bool,
    sells: bool,
    previous: tuple[Line, ...] = (),
) -> tuple[Line, ...]:
    """Lines of a document from a body; those with a known LineItemID keep it.

    ``approved`` documents need an account on every line that has an amount; ``sells`` chooses between an
    item's sales and purchase defaults. Raises ValidationFailed with every line's faults.
    """
    if len(fields) > MAX_LINES:
        raise ValidationFailed(f"A document can have at most {MAX_LINES} line items")
    known = {line.line_item_id: line for line in previous}
    lines: list[Line] = []
    messages: list[str] = []
    for entry in fields:
        try:
            old = known.get((entry.guid("LineItemID") or "").lower())
            lines.append(_line(book, entry, line_amount_types, approved=approved, sells=sells, old=old))
        except ValidationFailed as failure:
            messages.extend(failure.messages)
    if messages:
        raise ValidationFailed(*messages)
    return tuple(lines)


def _line(book: Book, fields: Fields, line_amount_types: str, *, approved: bool, sells: bool, old: Line | None) -> Line:
    item = _item(book, fields)
    price = None if item is None else (item.sales_details if sells else item.purchase_details)
    quantity, unit, amount, discount = _amounts(fields, price.unit_price if price else None)
    account = resolve_account(book, fields)
    if account is None and item is not None:
        account = _item_account(book, item, sells=sells)
    if account is None and approved and amount:
        raise ValidationFailed("Account code '' is not a valid code for this document.")
    if account is not None:
        check_usable(account)
    tax_type = fields.text("TaxType") or (price.tax_type if price else None)
    tax_type = tax_type or (account.tax_type if account else "NONE")
    rate = resolve_tax_rate(book, tax_type)
    if account is not None:
        check_tax_fits(account, rate)
    tax = line_tax(amount, rate.effective_rate, line_amount_types)
    check_tax_amount(fields, tax)
    description = fields.text("Description", limit=MAX_DESCRIPTION_CHARS)
    if description is None:
        description = item.description if item is not None else ""
    return Line(
        line_item_id=old.line_item_id if old is not None else book.new_id(),
        description=description,
        quantity=quantity,
        unit_amount=unit,
        line_amount=amount,
        tax_amount=tax,
        tax_type=rate.tax_type,
        account=account,
        item=item,
        discount_rate=fields.decimal("DiscountRate"),
        discount_amount=discount,
        tracking=resolve_tracking(book, fields.children("Tracking")),
    )


def _item_account(book: Book, item: Item, *, sells: bool) -> Account | None:
    """Where an item's sales or purchases go; what is bought for stock goes to the stock's own account."""
    price = item.sales_details if sells else item.purchase_details
    code = price.account_code if price is not None else None
    if not sells and item.is_tracked_as_inventory:
        code = item.inventory_asset_account_code
    return book.accounts.find(code) if code else None


def check_usable(account: Account) -> None:
    """Raise ValidationFailed for an account that only the vendor itself, or a payment, posts to."""
    if account.type == "BANK" or account.system_account in KEPT_BY_THE_VENDOR:
        raise ValidationFailed(f"Account code '{account.code or account.name}' is not a valid code for this document.")


def check_tax_fits(account: Account, rate: TaxRate) -> None:
    """Raise ValidationFailed when a tax rate is not meant for accounts of this class."""
    if not applies_to(rate, account.class_):
        raise ValidationFailed(
            f"The TaxType code '{rate.tax_type}' cannot be used with account code '{account.code or account.name}'."
        )


def _item(book: Book, fields: Fields) -> Item | None:
    nested = fields.child("Item")
    key = fields.text("ItemCode") or (nested.guid("ItemID") or nested.text("Code") if nested else None)
    if not key:
        return None
    item = book.items.find(key)
    if item is None:
        raise ValidationFailed(f"Item code '{key}' is not valid")
    return item


def _amounts(fields: Fields, default_unit: Decimal | None) -> tuple[Decimal, Decimal, Decimal, Decimal | None]:
    """Quantity, unit amount, line amount and discount of a line; the client's line amount must agree."""
    quantity, unit, given = fields.decimal("Quantity"), fields.decimal("UnitAmount"), fields.decimal("LineAmount")
    if quantity is not None:
        quantity = quantity.quantize(_UNIT, ROUND_HALF_UP)
    if unit is None:
        unit = default_unit
    if unit is None and given is not None:
        quantity = quantity if quantity else ONE
        unit = given / quantity
        return quantity, unit.quantize(_UNIT, ROUND_HALF_UP), round_money(given), None
    if quantity is None:
        quantity = ONE if unit is not None else Decimal(0)
    unit = (unit or ZERO).quantize(_UNIT, ROUND_HALF_UP)
    gross = quantity * unit
    if abs(gross) >= MAX_MONEY:
        raise ValidationFailed("The line amount is out of range")
    rate, off = fields.decimal("DiscountRate"), fields.decimal("DiscountAmount")
    if rate is not None and not 0 <= rate <= _HUNDRED:
        raise ValidationFailed("The discount rate must be between 0 and 100")
    amount = round_money(gross * (1 - rate / _HUNDRED) if rate else gross - (off or 0))
    if given is not None and round_money(given) != amount:
        raise ValidationFailed(f"The line total {given} does not match the expected line total {amount}")
    return quantity, unit, amount, None if off is None else round_money(off)


def line_tax(amount: Decimal, rate: Decimal, line_amount_types: str) -> Decimal:
    """Tax of a line at ``rate`` per cent, halves rounded away from zero."""
    if line_amount_types == "Exclusive":
        return round_money(amount * rate / _HUNDRED)
    if line_amount_types == "Inclusive":
        return round_money(amount * rate / (_HUNDRED + rate))
    return ZERO


def totals(lines: tuple[Line, ...], line_amount_types: str) -> dict[str, Decimal]:
    """``sub_total``, ``total_tax`` and ``total`` of lines."""
    amount = sum((line.line_amount for line in lines), ZERO)
    tax = sum((line.tax_amount for line in lines), ZERO)
    net = amount - tax if line_amount_types == "Inclusive" else amount
    return {"sub_total": net, "total_tax": tax, "total": net + tax}


def check_tax_amount(fields: Fields, tax: Decimal) -> None:
    """Raise ValidationFailed when a line's own tax amount is further than a cent from the computed one."""
    given = fields.decimal("TaxAmount")
    if given is not None and abs(given - tax) > _CENT:
        raise ValidationFailed(f"The tax amount {given} does not match the expected tax amount {tax}")


def check_totals(fields: Fields, computed: dict[str, Decimal]) -> None:
    """Raise ValidationFailed when the client sent totals that disagree with the computed ones."""
    for name, key in (("SubTotal", "sub_total"), ("TotalTax", "total_tax"), ("Total", "total")):
        given = fields.decimal(name)
        if given is not None and round_money(given) != computed[key]:
            raise ValidationFailed(f"The document {name} {given} does not match the expected {name} {computed[key]}")
