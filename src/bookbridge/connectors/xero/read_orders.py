"""Shape of purchase orders. Pure functions."""

from __future__ import annotations

from bookbridge.accounting.addresses import Address, AddressType
from bookbridge.accounting.money import ZERO
from bookbridge.accounting.orders import ShipTo, ShipToContact
from bookbridge.accounting.records import DELETED, LIVE
from bookbridge.accounting.references import AccountRef, TaxRateRef
from bookbridge.accounting.types.purchase_orders import PurchaseOrder, PurchaseOrderLineItem, PurchaseOrderStatus
from bookbridge.connectors.kit.connector import Facts
from bookbridge.connectors.xero import document_payloads, ledger_payloads
from bookbridge.connectors.xero.amounts import currency_rate, line_amounts
from bookbridge.connectors.xero.dates import day, moment
from bookbridge.connectors.xero.read_documents import item_ref, supplier_ref, tracking_refs

_STATUSES = {
    "DRAFT": PurchaseOrderStatus.DRAFT,
    "SUBMITTED": PurchaseOrderStatus.OPEN,
    "AUTHORISED": PurchaseOrderStatus.OPEN,
    "BILLED": PurchaseOrderStatus.CLOSED,
    "DELETED": PurchaseOrderStatus.VOID,
}


def purchase_order(payload: ledger_payloads.PurchaseOrder, facts: Facts) -> PurchaseOrder:
    """An order to a supplier."""
    base = facts.get("base_currency")
    currency = payload.currency_code or base
    return PurchaseOrder(
        id=payload.purchase_order_id,
        purchase_order_number=payload.purchase_order_number or None,
        supplier_ref=supplier_ref(payload.contact),
        issue_date=day(payload.date),
        # Xero knows the day that was agreed, and perhaps another that is expected; not when the goods came.
        expected_delivery_date=day(payload.expected_arrival_date) or day(payload.delivery_date),
        delivery_date=day(payload.delivery_date),
        status=_STATUSES.get(payload.status or "", PurchaseOrderStatus.UNKNOWN),
        ship_to=_ship_to(payload),
        currency=currency,
        currency_rate=currency_rate(currency, payload.currency_rate, base),
        line_items=tuple(_line(line, payload.line_amount_types, currency) for line in payload.line_items or ()),
        sub_total=payload.sub_total,
        # Xero knows discounts on lines only.
        total_discount=ZERO,
        total_tax_amount=payload.total_tax,
        total_amount=payload.total,
        note=payload.delivery_instructions or payload.reference or None,
        source_modified_date=moment(payload.updated_date_utc),
        metadata=DELETED if payload.status == "DELETED" else LIVE,
    )


def _ship_to(payload: ledger_payloads.PurchaseOrder) -> ShipTo | None:
    address = payload.delivery_address
    if not (address or payload.attention_to or payload.telephone):
        return None
    contact = ShipToContact(name=payload.attention_to or None, phone=payload.telephone or None)
    return ShipTo(
        # One text with line breaks: taking it apart would be guessing.
        address=Address(type=AddressType.DELIVERY, line1=" ".join(address.split())) if address else None,
        contact=contact if payload.attention_to or payload.telephone else None,
    )


def _line(line: document_payloads.LineItem, amount_types: str | None, currency: str | None) -> PurchaseOrderLineItem:
    amounts = line_amounts(line, amount_types, currency)
    return PurchaseOrderLineItem(
        description=line.description,
        unit_amount=amounts.unit,
        quantity=amounts.quantity,
        discount_amount=amounts.discount,
        discount_percentage=amounts.discount_percentage,
        sub_total=amounts.sub_total,
        tax_amount=amounts.tax,
        total_amount=amounts.total,
        account_ref=AccountRef(id=line.account_id) if line.account_id else None,
        tax_rate_ref=TaxRateRef(id=line.tax_type) if line.tax_type else None,
        item_ref=item_ref(line),
        tracking_category_refs=tracking_refs(line),
    )
