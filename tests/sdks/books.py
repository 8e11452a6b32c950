"""A company whose books are read, and records to write into them: one body for each data type that can be written."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from tests.e2e.installation import Installation

DATE = "2026-01-05T00:00:00"
LATER = "2026-02-05T00:00:00"
NET, TAX, GROSS = 50, 10, 60


class Books:
    """One linked company. Records are asked for by what they are, so that any platform's books will do."""

    def __init__(self, installation: Installation, company: str, connection: str) -> None:
        self.installation = installation
        self.company = company
        self.connection = connection
        self._number = 0

    @property
    def here(self) -> dict[str, str]:
        """The parameters of every call."""
        return {"companyId": self.company, "connectionId": self.connection}

    def fresh(self, word: str) -> str:
        """A name that nothing in these books has."""
        self._number += 1
        return f"{word} {self._number}"

    def found(self, data_type: str, query: str) -> list[dict[str, Any]]:
        """The first records that a query finds."""
        asked = {"query": query, "pageSize": "20"} if query else {"pageSize": "20"}
        path = f"/companies/{self.company}/data/{data_type}"
        rows: list[dict[str, Any]] = self.installation.call("GET", path, params=asked)["results"]
        return rows

    def _id(self, data_type: str, query: str = "") -> str:
        record_id: str = self.found(data_type, query)[0]["id"]
        return record_id

    @cached_property
    def _expense(self) -> dict[str, Any]:
        """An account that lines of bills may name."""
        rows = self.found("accounts", "type=Expense&&status=Active")
        links = [[one for link in row.get("validDatatypeLinks", ()) for one in link.get("links", ())] for row in rows]
        told = [row.get("validDatatypeLinks") is not None for row in rows]
        wanted = zip(rows, links, told, strict=True)
        return next(row for row, of, is_told in wanted if not is_told or "Bill.LineItems.AccountRef.Id" in of)

    @property
    def expense(self) -> str:
        found: str = self._expense["id"]
        return found

    @cached_property
    def income(self) -> str:
        return self._id("accounts", "type=Income&&status=Active")

    @cached_property
    def equity(self) -> str:
        return self._id("accounts", "type=Equity&&status=Active")

    @cached_property
    def banks(self) -> list[str]:
        """Bank accounts in the currency of the books."""
        rows = self.found("accounts", f"isBankAccount=true&&status=Active&&currency={self.currency}")
        return [row["id"] for row in rows]

    @cached_property
    def currency(self) -> str:
        found: str = self.installation.call("GET", f"/companies/{self.company}/data/info")["baseCurrency"]
        return found

    def _party(self, data_type: str) -> str:
        rows = self.found(data_type, "status=Active")
        ours = [row["id"] for row in rows if row.get("defaultCurrency") in (None, self.currency)]
        found: str = ours[0]
        return found

    @cached_property
    def supplier(self) -> str:
        return self._party("suppliers")

    @cached_property
    def customer(self) -> str:
        return self._party("customers")

    @cached_property
    def purchase_rate(self) -> str:
        return self._rate("INPUT2")

    @cached_property
    def sale_rate(self) -> str:
        return self._rate("OUTPUT2")

    def _rate(self, code: str) -> str:
        """The standard rate: 20 %."""
        rows = self.found("taxRates", "")
        wanted = [row for row in rows if row.get("code") in (code, "STANDARD") or row["id"] == code]
        record_id: str = wanted[0]["id"]
        return record_id

    # -- bodies -------------------------------------------------------------------------------------------------------

    def line(self, account: str, rate: str) -> dict[str, Any]:
        return {
            "description": "Panes of glass",
            "quantity": 4,
            "unitAmount": 12.5,
            "subTotal": NET,
            "taxAmount": TAX,
            "totalAmount": GROSS,
            "accountRef": {"id": account},
            "taxRateRef": {"id": rate},
        }

    def purchase(self, **more: Any) -> dict[str, Any]:
        lines = [self.line(self.expense, self.purchase_rate)]
        return {"supplierRef": {"id": self.supplier}, "issueDate": DATE, "lineItems": lines, **more}

    def sale(self, **more: Any) -> dict[str, Any]:
        lines = [self.line(self.income, self.sale_rate)]
        return {"customerRef": {"id": self.customer}, "issueDate": DATE, "lineItems": lines, **more}

    def at_once(self, account: str, rate: str, word: str) -> dict[str, Any]:
        return {
            "issueDate": DATE,
            "reference": self.fresh(word),
            "currency": "GBP",
            "lineItems": [self.line(account, rate)],
            "paymentAllocations": [{"payment": {"accountRef": {"id": self.banks[0]}}, "allocation": {}}],
            "subTotal": NET,
            "taxAmount": TAX,
            "totalAmount": GROSS,
        }

    def settling(self, kind: str, record_id: str) -> dict[str, Any]:
        """A payment of the whole of one document."""
        link = {"type": kind, "id": record_id, "amount": -GROSS}
        return {
            "date": LATER,
            "accountRef": {"id": self.banks[0]},
            "totalAmount": GROSS,
            "lines": [{"amount": GROSS, "links": [link]}],
        }

    def body(self, data_type: str) -> dict[str, Any]:
        """A new record of a data type, in the contract's form. Payments settle a document: see `settling`."""
        sums = {"subTotal": NET, "taxAmount": TAX, "totalAmount": GROSS}
        total = {"subTotal": NET, "totalTaxAmount": TAX, "totalAmount": GROSS}
        # What nobody but the ledger decides; the libraries' own records cannot be made without them.
        credit = {**total, "totalDiscount": 0, "discountPercentage": 0, "remainingCredit": GROSS}
        match data_type:
            case "chartOfAccounts":
                name = self.fresh("Kiln")
                category = self._expense["fullyQualifiedCategory"]
                code = f"9{self._number:03}"
                return {"nominalCode": code, "name": name, "type": "Expense", "fullyQualifiedCategory": category}
            case "bankAccounts":
                name = self.fresh("Savings")
                number = f"2045{self._number:010}"
                return {"accountName": name, "accountType": "Debit", "accountNumber": number, "currency": "GBP"}
            case "bankTransactions":
                lines = [{"amount": 12.5, "date": DATE, "description": self.fresh("Interest")}]
                return {"accountId": self.banks[0], "transactions": lines}
            case "suppliers":
                return {"supplierName": self.fresh("Wharfe Glass"), "status": "Active"}
            case "customers":
                return {"customerName": self.fresh("Dales Interiors"), "status": "Active"}
            case "items":
                code = self.fresh("PANE")
                invoice = {"unitPrice": 12.5, "accountRef": {"id": self.income}, "description": "A pane of glass"}
                flags = {"itemStatus": "Active", "isBillItem": False, "isInvoiceItem": True, "type": "NonInventory"}
                return {"name": code, "code": code, "invoiceItem": invoice, **flags}
            case "bills":
                return self.purchase(reference=self.fresh("B"), dueDate=LATER, status="Open", **sums)
            case "billCreditNotes":
                number = self.fresh("BCN")
                return self.purchase(billCreditNoteNumber=number, status="Submitted", **credit)
            case "invoices":
                number = self.fresh("INV")
                return self.sale(invoiceNumber=number, dueDate=LATER, status="Submitted", amountDue=GROSS, **total)
            case "creditNotes":
                return self.sale(creditNoteNumber=self.fresh("CN"), status="Submitted", **credit)
            case "purchaseOrders":
                return self.purchase(purchaseOrderNumber=self.fresh("PO"), status="Draft", **total)
            case "directCosts":
                return self.at_once(self.expense, self.purchase_rate, "DC")
            case "directIncomes":
                return self.at_once(self.income, self.sale_rate, "DI")
            case "transfers":
                sides = [{"accountRef": {"id": bank}, "amount": 25} for bank in self.banks[:2]]
                return {"date": DATE, "from": sides[0], "to": sides[1], "description": self.fresh("T")}
            case "journals":
                return {"name": self.fresh("Journal"), "journalCode": f"J{self._number}", "type": "General"}
            case "journalEntries":
                lines = [
                    {"netAmount": 7, "accountRef": {"id": self.expense}, "description": "Depreciation"},
                    {"netAmount": -7, "accountRef": {"id": self.equity}, "description": "Depreciation"},
                ]
                return {"postedOn": DATE, "description": self.fresh("JE"), "journalLines": lines}
        raise AssertionError(f"no body for {data_type}")
