"""An organisation at the Xero emulator to write to, with what records refer to."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bookbridge.accounting.records import Record
from bookbridge.accounting.references import AccountRef, SupplierRef, TaxRateRef
from bookbridge.accounting.types.bill_payments import (
    BillPayment,
    BillPaymentLine,
    BillPaymentLineLink,
    BillPaymentLineLinkType,
)
from bookbridge.accounting.types.bills import Bill, BillLineItem, BillStatus
from bookbridge.connectors.kit.connector import Operation, Write
from bookbridge.connectors.kit.session import Intent, Written
from bookbridge.connectors.xero.manifest import CONNECTOR
from bookbridge.connectors.xero.session import XeroSession
from tests.connectors.sandbox import Sandbox

DAY = "2026-07-01T00:00:00"


def row(data_type: str, operation: Operation) -> Write[Any]:
    found = CONNECTOR.write(data_type, operation)
    assert found is not None
    return found


def intent() -> Intent:
    return Intent(key=str(uuid.uuid4()), recorded_at=datetime.now(UTC))


@dataclass
class Books:
    """An organisation to write to, with what a bill refers to."""

    sandbox: Sandbox
    tenant: str
    session: XeroSession
    expense_id: str
    income_id: str
    bank_id: str
    savings_id: str
    supplier_id: str
    options: list[tuple[str, str]]
    """(category, option) of each active tracking option."""

    def bill(self, **changes: Any) -> Bill:
        line = BillLineItem(
            description="Paper",
            quantity=Decimal("3"),
            unit_amount=Decimal("4.1250"),
            tax_amount=Decimal("2.48"),
            account_ref=AccountRef(id=self.expense_id),
            tax_rate_ref=TaxRateRef(id="INPUT2"),
        )
        fields: dict[str, Any] = {
            "supplier_ref": SupplierRef(id=self.supplier_id),
            "reference": f"B-{uuid.uuid4().hex[:10]}",
            "issue_date": DAY,
            "due_date": "2026-07-31T00:00:00",
            "status": BillStatus.OPEN,
            "sub_total": Decimal("12.38"),
            "tax_amount": Decimal("2.48"),
            "total_amount": Decimal("14.86"),
            "line_items": (line,),
        }
        return Bill(**{**fields, **changes})

    def payment(self, bill_id: str, amount: str, reference: str | None = "BACS 1") -> BillPayment:
        total = Decimal(amount)
        link = BillPaymentLineLink(type=BillPaymentLineLinkType.BILL, id=bill_id, amount=-total)
        return BillPayment(
            date=DAY,
            account_ref=AccountRef(id=self.bank_id),
            total_amount=total,
            reference=reference,
            lines=(BillPaymentLine(amount=total, links=(link,)),),
        )

    async def create_bill(self, **changes: Any) -> Written:
        return await self.session.write(row("bills", Operation.CREATE), self.bill(**changes), intent())

    async def create(self, data_type: str, record: Record, planned: Intent | None = None) -> Written:
        return await self.session.write(row(data_type, Operation.CREATE), record, planned or intent())

    async def update(self, data_type: str, record: Record, record_id: str) -> Written:
        return await self.session.write(row(data_type, Operation.UPDATE), record, intent(), record_id=record_id)

    async def delete(self, data_type: str, record_id: str) -> Written:
        return await self.session.write(row(data_type, Operation.DELETE), None, intent(), record_id=record_id)

    async def effects(self) -> dict[str, int]:
        counters = await self.sandbox.control("GET", "counters")
        found: dict[str, int] = counters["effects"].get(self.tenant, {})
        return found


async def all_payloads(session: XeroSession, data_type: str) -> list[Any]:
    read = CONNECTOR.read(data_type)
    assert read is not None
    return [
        payload async for page in session.pages(read.sources[0], since=None, cursor=None) for payload in page.payloads
    ]


def stored(written: Written, data_type: str) -> Any:
    """The record of that type as Xero held it after the write."""
    [found] = [one.record for one in written.rereads if one.data_type == data_type]
    return found


async def open_books(sandbox: Sandbox) -> Books:
    """A fresh organisation, linked."""
    tenant = await sandbox.add_organisation()
    session = await sandbox.session(tenant)
    accounts = await all_payloads(session, "chartOfAccounts")
    contacts = await all_payloads(session, "suppliers")
    categories = await all_payloads(session, "trackingCategories")
    banks = [
        one.account_id
        for one in accounts
        if one.type == "BANK" and one.currency_code == "GBP" and one.bank_account_type == "BANK"
    ]
    return Books(
        sandbox=sandbox,
        tenant=tenant,
        session=session,
        expense_id=next(
            one.account_id for one in accounts if one.type in ("OVERHEADS", "EXPENSE") and one.status == "ACTIVE"
        ),
        income_id=next(
            one.account_id for one in accounts if one.type in ("SALES", "REVENUE") and one.status == "ACTIVE"
        ),
        bank_id=banks[0],
        savings_id=banks[1],
        supplier_id=next(one.contact_id for one in contacts if one.contact_status == "ACTIVE"),
        options=[
            (category.tracking_category_id, option.tracking_option_id)
            for category in categories
            for option in category.options
            if option.status == "ACTIVE"
        ],
    )
