"""Creating and changing accounts of the ledger, bank accounts among them.

It must not post. Every function raises ValidationFailed when the vendor would refuse.
"""

from __future__ import annotations

from typing import Any

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.records import Account
from bookbridge.emulators.xero.rules import applies_to, resolve_tax_rate
from bookbridge.emulators.xero.wire import Fields, ValidationFailed

MAX_CODE_CHARS = 10
ACCOUNT_CLASSES = {
    "BANK": "ASSET", "CURRENT": "ASSET", "FIXED": "ASSET", "INVENTORY": "ASSET", "NONCURRENT": "ASSET",
    "PREPAYMENT": "ASSET", "CURRLIAB": "LIABILITY", "LIABILITY": "LIABILITY", "TERMLIAB": "LIABILITY",
    "PAYG": "LIABILITY", "PAYGLIABILITY": "LIABILITY", "SUPERANNUATIONLIABILITY": "LIABILITY",
    "WAGESPAYABLELIABILITY": "LIABILITY", "EQUITY": "EQUITY", "DEPRECIATN": "EXPENSE",
    "DIRECTCOSTS": "EXPENSE", "EXPENSE": "EXPENSE", "OVERHEADS": "EXPENSE",
    "SUPERANNUATIONEXPENSE": "EXPENSE", "WAGESEXPENSE": "EXPENSE", "OTHERINCOME": "REVENUE",
    "REVENUE": "REVENUE", "SALES": "REVENUE",
}  # fmt: skip


def create_account(book: Book, fields: Fields) -> Account:
    """A new ledger or bank account."""
    name = (fields.text("Name", limit=150) or "").strip()
    if not name:
        raise ValidationFailed("The Name must be specified")
    kind = fields.choice("Type", tuple(ACCOUNT_CLASSES))
    if kind is None:
        raise ValidationFailed("The Type must be specified")
    code = _code(fields) or ""
    if not code and kind != "BANK":
        raise ValidationFailed("Account code must be specified")
    _check_account_unique(book, name, code, None)
    account = Account(
        account_id=book.new_id(),
        name=name,
        code=code or None,
        type=kind,
        class_=ACCOUNT_CLASSES[kind],
        description=fields.text("Description", limit=4_000) or "",
        tax_type=_account_tax(book, fields, ACCOUNT_CLASSES[kind]),
        enable_payments_to_account=fields.boolean("EnablePaymentsToAccount") or False,
        show_in_expense_claims=fields.boolean("ShowInExpenseClaims") or False,
        **_bank_details(book, fields, kind),
    )
    return book.add(book.accounts, account)


def _code(fields: Fields) -> str | None:
    code = (fields.text("Code") or "").strip()
    if len(code) > MAX_CODE_CHARS:
        raise ValidationFailed(f"Account Code is too long. Maximum of {MAX_CODE_CHARS} characters allowed")
    return code or None


def _account_tax(book: Book, fields: Fields, class_: str) -> str:
    tax_type = fields.text("TaxType")
    if not tax_type:
        return "NONE"
    rate = resolve_tax_rate(book, tax_type)
    if not applies_to(rate, class_):
        raise ValidationFailed(f"The TaxType code '{tax_type}' cannot be used with an account of this type")
    return rate.tax_type


def _bank_details(book: Book, fields: Fields, kind: str) -> dict[str, Any]:
    if kind != "BANK":
        return {}
    number = fields.text("BankAccountNumber", limit=50)
    bank_type = fields.choice("BankAccountType", ("BANK", "CREDITCARD", "PAYPAL")) or "BANK"
    if not number and bank_type == "BANK":
        raise ValidationFailed("Bank account number must be specified")
    currency = (fields.text("CurrencyCode") or book.organisation.base_currency).upper()
    if book.day_rate(currency) is None:
        raise ValidationFailed(f"Organisation is not subscribed to currency {currency}")
    return {"bank_account_number": number, "bank_account_type": bank_type, "currency_code": currency}


def _check_account_unique(book: Book, name: str, code: str, itself: Account | None) -> None:
    for other in book.accounts:
        if other is itself or other.status == "DELETED":
            continue
        if code and (other.code or "").casefold() == code.casefold():
            raise ValidationFailed("Please enter a unique Code.")
        if other.name.casefold() == name.casefold():
            raise ValidationFailed("Please enter a unique Name.")


def update_account(book: Book, account: Account, fields: Fields) -> None:
    """Change or archive an account; an archiving may not change anything else."""
    wanted = fields.choice("Status", ("ACTIVE", "ARCHIVED")) or account.status
    if account.system_account and wanted != "ACTIVE":
        raise ValidationFailed("System accounts cannot be archived")
    if wanted == "ARCHIVED" and account.status == "ACTIVE":
        book.change(book.accounts, account, status="ARCHIVED")
        return
    name = (fields.text("Name", limit=150) or account.name).strip()
    code = _code(fields)
    _check_account_unique(book, name, code or "", account)
    changes: dict[str, Any] = {"name": name, "status": wanted}
    if code:
        changes["code"] = code
    kind = fields.choice("Type", tuple(ACCOUNT_CLASSES)) or account.type
    if kind != account.type:
        if account.system_account or "BANK" in {kind, account.type}:
            raise ValidationFailed("The Type of this account cannot be changed")
        changes |= {"type": kind, "class_": ACCOUNT_CLASSES[kind]}
    if fields.has("Description"):
        changes["description"] = fields.text("Description", limit=4_000) or ""
    if fields.has("TaxType"):
        changes["tax_type"] = _account_tax(book, fields, ACCOUNT_CLASSES[kind])
    if fields.has("EnablePaymentsToAccount"):
        changes["enable_payments_to_account"] = fields.boolean("EnablePaymentsToAccount") or False
    if fields.has("BankAccountNumber"):
        changes["bank_account_number"] = fields.text("BankAccountNumber", limit=50)
    book.change(book.accounts, account, **changes)


def delete_account(book: Book, account: Account) -> None:
    """Delete an account that nothing has been posted to."""
    if account.system_account:
        raise ValidationFailed("System accounts cannot be deleted")
    if any(line.account is account for posting in book.journals for line in posting.lines()):
        raise ValidationFailed("The account has transactions and cannot be deleted")
    book.change(book.accounts, account, status="DELETED")
