"""What the vendor must hold before it can refuse anything, and bodies that it would take: for tests of its refusals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from bookbridge.push.operations import Status
from tests.push.test_xero import XeroDesk

DAY, DUE = "2026-07-01T00:00:00", "2026-07-31T00:00:00"
Body = dict[str, Any]


@dataclass
class Ground:
    """What a vendor must hold before it can refuse anything, by name."""

    desk: XeroDesk
    ids: dict[str, str] = field(default_factory=dict)

    async def raw(self, method: str, path: str, body: Any = None) -> Any:
        """A call of somebody who works at the vendor's own screens."""
        access = self.desk.runner._sessions._access
        headers = {
            **await access.authorizer.headers(),
            "xero-tenant-id": self.desk.tenant,
            "Accept": "application/json",
        }
        url = f"{self.desk.sandbox.url}/api.xro/2.0/{path}"
        answer = await self.desk.sandbox.http.request(method, url, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def made(self, name: str, data_type: str, body: Body) -> str:
        operation = await self.desk.submit(data_type, body)
        await self.desk.work()
        ended = await self.desk.get(operation.id)
        assert ended.status is Status.SUCCESS, (name, ended.error_message, ended.validation)
        self.ids[name] = ended.result_record_id or ""
        # What we hold we check ourselves: here the vendor is to find out.
        await self.desk.pool.execute("delete from records")
        return self.ids[name]

    async def lay(self) -> None:
        accounts = (await self.raw("GET", "Accounts"))["Accounts"]
        pick = lambda **facts: next(  # noqa: E731
            one["AccountID"] for one in accounts if all(one.get(name) == value for name, value in facts.items())
        )
        self.ids["cost"] = pick(Type="OVERHEADS", Status="ACTIVE")
        self.ids["sales"] = pick(Type="REVENUE", Status="ACTIVE")
        self.ids["bank"] = pick(Type="BANK", CurrencyCode="GBP")
        self.ids["dollars"] = pick(Type="BANK", CurrencyCode="USD")
        self.ids["debtors"] = pick(SystemAccount="DEBTORS")
        code = f"Z{uuid4().hex[:6]}"
        archived = await self.raw("PUT", "Accounts", {"Code": code, "Name": code, "Type": "EXPENSE"})
        self.ids["archived account"] = archived["Accounts"][0]["AccountID"]
        await self.raw("POST", f"Accounts/{self.ids['archived account']}", {"Status": "ARCHIVED"})
        await self.made("supplier", "suppliers", {"supplierName": "Kestrel Ltd", "status": "Active"})
        await self.made("customer", "customers", {"customerName": "Merlin Ltd", "status": "Active"})
        await self.made("archived", "suppliers", {"supplierName": "Gone Ltd", "status": "Active"})
        await self.raw("POST", f"Contacts/{self.ids['archived']}", {"ContactStatus": "ARCHIVED"})
        await self.made("item", "items", item(self))
        await self.made("account", "chartOfAccounts", account())
        await self.made("bank account", "bankAccounts", bank_account())
        await self.made("savings", "bankAccounts", bank_account(accountName="Savings", nominalCode="7779"))
        moved = {
            "FromBankAccount": {"AccountID": self.ids["bank"]},
            "ToBankAccount": {"AccountID": self.ids["savings"]},
        }
        sent = await self.raw("PUT", "BankTransfers", {**moved, "Amount": 1, "Date": DAY[:10]})
        self.ids["side of a transfer"] = sent["BankTransfers"][0]["FromBankTransactionID"]
        await self.made("bill", "bills", bill(self))
        await self.made("draft", "bills", {**bill(self), "status": "Draft"})
        await self.made("paid", "bills", bill(self))
        await self.made("payment", "billPayments", payment(self, "paid"))
        await self.made("invoice", "invoices", invoice(self))
        await self.made("credit", "billCreditNotes", credit(self))
        await self.made("customers credit", "creditNotes", {**credit(self, "customerRef"), "creditNoteNumber": "CN-1"})
        await self.made("other", "suppliers", {"supplierName": "Osprey Ltd", "status": "Active"})
        await self.made("others credit", "billCreditNotes", credit(self, supplierRef={"id": self.ids["other"]}))
        await self.made("draft credit", "billCreditNotes", credit(self, status="Draft"))
        await self.made("dollar credit", "billCreditNotes", credit(self, currency="USD", currencyRate=0.8))
        await self.made("void", "bills", bill(self))
        await self.raw("POST", f"Invoices/{self.ids['void']}", {"Status": "VOIDED"})
        await self.made("cost paid", "directCosts", cost(self))
        await self.raw("POST", f"BankTransactions/{self.ids['cost paid']}", {"IsReconciled": True})
        await self.made("cost gone", "directCosts", cost(self))
        await self.raw("POST", f"BankTransactions/{self.ids['cost gone']}", {"Status": "DELETED"})
        await self.made("ahead", "billPayments", payment(self, "supplier", kind="PaymentOnAccount"))
        spent = (await self.raw("GET", "BankTransactions"))["BankTransactions"]
        self.ids["side of money ahead"] = next(
            one["BankTransactionID"] for one in spent if one["Type"] == "SPEND-OVERPAYMENT" and not one["IsReconciled"]
        )
        await self.made("seen", "bills", bill(self))
        reconciled = {"Invoice": {"InvoiceID": self.ids["seen"]}, "Account": {"AccountID": self.ids["bank"]}}
        reconciled |= {"Amount": 1, "Date": DAY[:10], "IsReconciled": True}
        self.ids["payment seen"] = (await self.raw("PUT", "Payments", reconciled))["Payments"][0]["PaymentID"]
        await self.made("order", "purchaseOrders", order(self))
        await self.raw("POST", f"PurchaseOrders/{self.ids['order']}", {"Status": "BILLED"})
        await self.desk.sandbox.control(
            "PATCH", f"organisations/{self.desk.tenant}", {"period_lock_date": "2020-06-30"}
        )


def line(ground: Ground, **changes: Any) -> Body:
    account_id = ground.ids["cost"]
    found = {"description": "Paper", "quantity": 1, "unitAmount": 10, "taxAmount": 0, "accountRef": {"id": account_id}}
    return {**found, **changes}


def bill(ground: Ground, **changes: Any) -> Body:
    found = {"supplierRef": {"id": ground.ids["supplier"]}, "issueDate": DAY, "dueDate": DUE, "status": "Open"}
    sums = {"subTotal": 10, "taxAmount": 0, "totalAmount": 10}
    return {**found, **sums, "lineItems": [line(ground)], **changes}


def invoice(ground: Ground, **changes: Any) -> Body:
    found = {"customerRef": {"id": ground.ids["customer"]}, "issueDate": DAY, "dueDate": DUE, "status": "Submitted"}
    sums = {"totalTaxAmount": 0, "totalAmount": 10, "amountDue": 10}
    lines = [line(ground, accountRef={"id": ground.ids["sales"]})]
    return {"invoiceNumber": "INV-1", **found, **sums, "lineItems": lines, **changes}


def credit(ground: Ground, party: str = "supplierRef", **changes: Any) -> Body:
    found = {party: {"id": ground.ids[party.removesuffix("Ref")]}, "issueDate": DAY, "status": "Submitted"}
    sums = {"totalAmount": 10, "totalTaxAmount": 0, "subTotal": 10, "totalDiscount": 0, "discountPercentage": 0}
    rest = {"remainingCredit": 10} if party == "customerRef" else {}
    return {**found, **sums, **rest, "lineItems": [line(ground)], **changes}


def order(ground: Ground, **changes: Any) -> Body:
    found = {"supplierRef": {"id": ground.ids["supplier"]}, "issueDate": DAY, "status": "Open"}
    return {"purchaseOrderNumber": "PO-1", **found, "lineItems": [line(ground)], **changes}


def cost(ground: Ground, **changes: Any) -> Body:
    found = {"contactRef": {"id": ground.ids["supplier"]}, "issueDate": DAY, "currency": "GBP"}
    paid = [{"payment": {"accountRef": {"id": ground.ids["bank"]}}, "allocation": {}}]
    sums = {"subTotal": 10, "taxAmount": 0, "totalAmount": 10}
    return {**found, **sums, "lineItems": [line(ground)], "paymentAllocations": paid, **changes}


def payment(ground: Ground, *names: str, amount: float = 10, kind: str = "Bill", **changes: Any) -> Body:
    lines = [
        {"amount": amount, "links": [{"type": kind, "id": ground.ids.get(one, one), "amount": -amount}]}
        for one in names
    ]
    found = {"date": DAY, "accountRef": {"id": ground.ids["bank"]}, "totalAmount": amount * len(names)}
    return {**found, "lines": lines, **changes}


def allocation(ground: Ground, credit_note: str, amount: float = 5, bill_id: str = "bill") -> Body:
    """A credit note set against a bill."""
    links = [
        {"type": "Bill", "id": ground.ids[bill_id], "amount": -amount},
        {"type": "CreditNote", "id": ground.ids[credit_note], "amount": amount},
    ]
    return {"date": DAY, "totalAmount": 0, "lines": [{"amount": 0, "links": links}]}


def transfer(ground: Ground, source: str, target: str, **changes: Any) -> Body:
    sides = {"from": {"accountRef": {"id": ground.ids.get(source, source)}, "amount": 5}}
    return {"date": DAY, **sides, "to": {"accountRef": {"id": ground.ids.get(target, target)}}, **changes}


def entry(ground: Ground, account_id: str = "", **changes: Any) -> Body:
    named = (account_id or ground.ids["cost"], ground.ids["cost"])
    lines = [{"netAmount": sign * 5, "accountRef": {"id": one}} for sign, one in zip((1, -1), named, strict=True)]
    return {"description": "Accrual", "postedOn": DAY, "journalLines": lines, **changes}


def item(ground: Ground, **changes: Any) -> Body:
    flags = {"itemStatus": "Active", "type": "Unknown", "isBillItem": True, "isInvoiceItem": True}
    return {"code": "PAPER", "name": "Paper", **flags, **changes}


def account(**changes: Any) -> Body:
    return {"nominalCode": "7777", "name": "Sundry", "fullyQualifiedCategory": "Expense.Overhead", **changes}


def bank_account(**changes: Any) -> Body:
    return {"accountName": "Petty cash", "nominalCode": "7778", "accountNumber": "12345678", **changes}


def one_line(ground: Ground, **changes: Any) -> Body:
    return {"lineItems": [line(ground, **changes)]}
