"""Writes of orders to suppliers. Pure functions."""

from __future__ import annotations

from typing import Any, Final

from bookbridge.accounting.orders import ShipTo
from bookbridge.accounting.types.purchase_orders import PURCHASE_ORDERS, PurchaseOrder, PurchaseOrderStatus
from bookbridge.connectors.kit.connector import Choice, Facts, Operation, Write
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.xero.write_lines import (
    BOUGHT_CHOICES,
    LINE_FIELDS,
    LINE_LENGTHS,
    LINE_NOTES,
    LINE_USUAL,
    document,
    line_problems,
    total_problems,
    vendor_line,
)
from bookbridge.connectors.xero.write_parts import (
    NAME_LENGTH_MAX,
    REFERENCE_LENGTH_MAX,
    Json,
    vendor_date,
    without_absent,
)

DELIVERY_LENGTH_MAX: Final = 500
PHONE_LENGTH_MAX: Final = 50


_ORDER_STATUSES: Final = {
    PurchaseOrderStatus.DRAFT: "DRAFT",
    PurchaseOrderStatus.OPEN: "AUTHORISED",
    PurchaseOrderStatus.CLOSED: "BILLED",
    PurchaseOrderStatus.VOID: "DELETED",
}


def purchase_order(record: PurchaseOrder, facts: Facts) -> Json:
    """An order to a supplier. What the record lacks is left alone."""
    status = _ORDER_STATUSES.get(record.status or PurchaseOrderStatus.DRAFT, "DRAFT")
    supplier_id = record.supplier_ref.id if record.supplier_ref else None
    common = document(supplier_id, record.issue_date, status, record.currency, record.currency_rate, facts)
    own = {
        "PurchaseOrderNumber": record.purchase_order_number or None,
        "DeliveryDate": vendor_date(record.delivery_date),
        "ExpectedArrivalDate": vendor_date(record.expected_delivery_date),
        **_delivery(record.ship_to),
        "DeliveryInstructions": record.note or None,
        "LineItems": [vendor_line(line) for line in record.line_items],
    }
    return {**common, **without_absent(own)}


def _delivery(ship_to: ShipTo | None) -> Json:
    address = ship_to.address if ship_to else None
    contact = ship_to.contact if ship_to else None
    lines = (
        (address.line1, address.line2, address.city, address.region, address.postal_code, address.country)
        if address
        else ()
    )
    return {
        # Xero keeps one text with line breaks.
        "DeliveryAddress": "\n".join(line for line in lines if line) or None,
        "AttentionTo": contact.name if contact else None,
        "Telephone": contact.phone if contact else None,
    }


def purchase_order_update(record: PurchaseOrder, facts: Facts) -> Json:
    """An order as a whole: its lines replace all that were there, and texts that the record lacks are emptied."""
    emptied = dict.fromkeys(("DeliveryAddress", "AttentionTo", "Telephone", "DeliveryInstructions"), "")
    return {**emptied, **purchase_order(record, facts)}


def check_purchase_order(record: PurchaseOrder) -> list[FieldProblem]:
    """No discounts; amounts that Xero keeps; an address that it has room for."""
    found = line_problems(record.line_items, needs_account=False)
    found += total_problems(record)
    if len(_delivery(record.ship_to)["DeliveryAddress"] or "") > DELIVERY_LENGTH_MAX:
        message = f"Xero keeps a delivery address of {DELIVERY_LENGTH_MAX} characters."
        found.append(FieldProblem("shipTo.address", message))
    return found


_ORDER_FIELDS: Final = (
    "supplierRef.id",
    "purchaseOrderNumber",
    "issueDate",
    "deliveryDate",
    "expectedDeliveryDate",
    "status",
    "shipTo.address.line1",
    "shipTo.address.line2",
    "shipTo.address.city",
    "shipTo.address.region",
    "shipTo.address.postalCode",
    "shipTo.address.country",
    "shipTo.contact.name",
    "shipTo.contact.phone",
    "currency",
    "currencyRate",
    "subTotal",
    "totalTaxAmount",
    "totalAmount",
    "note",
    *LINE_FIELDS,
)
_ORDER_REQUIRED: Final = (
    "supplierRef.id",
    "issueDate",
    "status",
    "lineItems",
    "lineItems.description",
    "lineItems.quantity",
    "lineItems.unitAmount",
)
_DELIVERED_TO: Final = tuple(path for path in _ORDER_FIELDS if path.startswith("shipTo.address."))
_ORDER_LENGTHS: Final = {
    "purchaseOrderNumber": REFERENCE_LENGTH_MAX,
    "shipTo.contact.name": NAME_LENGTH_MAX,
    "shipTo.contact.phone": PHONE_LENGTH_MAX,
    "note": DELIVERY_LENGTH_MAX,
    **dict.fromkeys(_DELIVERED_TO, DELIVERY_LENGTH_MAX),
    **LINE_LENGTHS,
}
_ORDER_NOTES: Final = {
    **dict.fromkeys(_DELIVERED_TO, f"The lines of the address have {DELIVERY_LENGTH_MAX} characters together."),
    **LINE_NOTES,
}
_ORDER_REFERENCES: Final = {"supplierRef.id": Choice(records_of="suppliers"), **BOUGHT_CHOICES}

ORDER_WRITES: Final[tuple[Write[Any], ...]] = (
    Write(
        PURCHASE_ORDERS,
        Operation.CREATE,
        "PurchaseOrders",
        purchase_order,
        fields=_ORDER_FIELDS,
        required=_ORDER_REQUIRED,
        choices={"status": Choice(("Draft", "Open")), **_ORDER_REFERENCES},
        length_max=_ORDER_LENGTHS,
        usual=LINE_USUAL,
        notes=_ORDER_NOTES,
        check=check_purchase_order,
    ),
    Write(
        PURCHASE_ORDERS,
        Operation.UPDATE,
        "PurchaseOrders",
        purchase_order_update,
        fields=_ORDER_FIELDS,
        required=_ORDER_REQUIRED,
        choices={"status": Choice(("Draft", "Open", "Closed", "Void")), **_ORDER_REFERENCES},
        length_max=_ORDER_LENGTHS,
        usual=LINE_USUAL,
        notes=_ORDER_NOTES,
        check=check_purchase_order,
    ),
)
