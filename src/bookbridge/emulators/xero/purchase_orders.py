"""Purchase orders, which post nothing.

It must not touch the ledger. Every function raises ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.document_fields import (
    changed_document_fields,
    document_fields,
)
from bookbridge.emulators.xero.documents import MAX_NUMBER_CHARS
from bookbridge.emulators.xero.records import (
    PurchaseOrder,
)
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

_ORDER_STATUSES = ("DRAFT", "SUBMITTED", "AUTHORISED", "BILLED", "DELETED")


def create_purchase_order(book: Book, fields: Fields) -> PurchaseOrder:
    """A new purchase order; it posts nothing."""
    status = fields.choice("Status", _ORDER_STATUSES) or "DRAFT"
    if status == "DELETED":
        raise ValidationFailed("A document cannot be created with status DELETED")
    common = document_fields(book, fields, approved=False, sells=False)
    if not common["line_items"]:
        raise ValidationFailed("One or more line items must be specified")
    number = fields.text("PurchaseOrderNumber", limit=MAX_NUMBER_CHARS) or _free_number(book)
    _check_unique_number(book, number, None)
    order = PurchaseOrder(
        purchase_order_id=book.new_id(),
        type="PURCHASEORDER",
        status=status,
        purchase_order_number=number,
        **{**common, **_order_details(fields)},
    )
    return book.add(book.purchase_orders, order)


def _free_number(book: Book) -> str:
    while True:
        number = book.next_number("PO-")
        if book.purchase_orders.by_number(number) is None:
            return number


def _check_unique_number(book: Book, number: str, itself: PurchaseOrder | None) -> None:
    other = book.purchase_orders.by_number(number)
    if other is not None and other is not itself and other.status != "DELETED":
        raise ValidationFailed("Order number must be unique")


def _order_details(fields: Fields) -> dict[str, Any]:
    details: dict[str, Any] = {}
    for wire, name in (("DeliveryDate", "delivery_date"), ("ExpectedArrivalDate", "expected_arrival_date")):
        if fields.has(wire):
            details[name] = fields.date(wire)
    for wire, name in (
        ("DeliveryAddress", "delivery_address"),
        ("AttentionTo", "attention_to"),
        ("Telephone", "telephone"),
        ("DeliveryInstructions", "delivery_instructions"),
    ):
        if fields.has(wire):
            details[name] = fields.text(wire) or ""
    if fields.has("SentToContact"):
        details["sent_to_contact"] = fields.boolean("SentToContact") or False
    return details


def update_purchase_order(book: Book, order: PurchaseOrder, fields: Fields) -> None:
    """Change a purchase order; billed and deleted ones refuse."""
    if order.status in {"BILLED", "DELETED"}:
        raise ValidationFailed("Purchase order not of valid status for modification")
    wanted = fields.choice("Status", _ORDER_STATUSES) or order.status
    changes = changed_document_fields(book, order, fields, approved=False, sells=False)
    if wanted == "BILLED" and order.status != "AUTHORISED":
        raise ValidationFailed("Only an approved purchase order can be billed")
    number = fields.text("PurchaseOrderNumber", limit=MAX_NUMBER_CHARS) or order.purchase_order_number
    _check_unique_number(book, number, order)
    changes |= {**_order_details(fields), "status": wanted, "purchase_order_number": number}
    book.change(book.purchase_orders, order, **changes)
