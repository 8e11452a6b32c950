"""What each kind of source posts, and the check that a book balances.

It must not change a record: it reads them and returns lines.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.clock import Millis
from bookbridge.emulators.xero.journals import JournalLine, Lines, to_base
from bookbridge.emulators.xero.records import (
    ZERO,
    Account,
    Allocation,
    BankTransaction,
    BankTransfer,
    Credit,
    CreditNote,
    Document,
    Invoice,
    ManualJournal,
    Payment,
)

_RECEIVABLE = {"ACCREC", "ACCPAYCREDIT", "RECEIVE"}
"""Types whose counter-account (debtors, creditors or bank) is debited."""


def debits_control(document_type: str) -> bool:
    """Whether the document's total is a debit to debtors, creditors or the bank."""
    return document_type in _RECEIVABLE or document_type.startswith("RECEIVE")


def _balanced(book: Book, lines: list[JournalLine]) -> Lines:
    """Add the rounding line that conversion to the base currency may need."""
    difference = sum((line.net_amount for line in lines), ZERO)
    if difference:
        lines.append(JournalLine(book.control_account("ROUNDING"), -difference, description="Rounding"))
    return tuple(lines)


def document_lines(book: Book, document: Document, control: Account) -> Lines:
    """A document's total against its lines and tax."""
    sign = 1 if debits_control(document.type) else -1
    rate = document.currency_rate
    lines = [JournalLine(control, sign * to_base(document.total, rate))]
    tax = ZERO
    for line in document.line_items:
        if line.account is None:
            continue
        net = line.line_amount - (line.tax_amount if document.line_amount_types == "Inclusive" else ZERO)
        tax += line.tax_amount
        lines.append(
            JournalLine(
                line.account,
                -sign * to_base(net, rate),
                -sign * to_base(line.tax_amount, rate),
                line.tax_type,
                line.description,
                line.tracking,
            )
        )
    if tax:
        lines.append(JournalLine(book.control_account("GST"), -sign * to_base(tax, rate)))
    return _balanced(book, lines)


def _control_of(book: Book, document: Document) -> Account:
    receivable = document.type in {"ACCREC", "ACCRECCREDIT"} or document.type.startswith("RECEIVE")
    return book.control_account("DEBTORS" if receivable else "CREDITORS")


def post_invoice(book: Book, invoice: Invoice, stamp: Millis | None = None) -> None:
    """Post an approved invoice or bill."""
    compute = partial(document_lines, book, invoice, _control_of(book, invoice))
    book.post(
        invoice,
        invoice.invoice_id,
        invoice.type,
        invoice.date,
        compute,
        reference=invoice.reference or invoice.invoice_number,
        stamp=stamp,
    )


def post_credit_note(book: Book, note: CreditNote, stamp: Millis | None = None) -> None:
    """Post an approved credit note."""
    compute = partial(document_lines, book, note, _control_of(book, note))
    book.post(note, note.credit_note_id, note.type, note.date, compute, reference=note.reference, stamp=stamp)


def post_bank_transaction(book: Book, transaction: BankTransaction, stamp: Millis | None = None) -> None:
    """Post money spent or received; over- and prepayments go to debtors or creditors instead of the lines."""
    compute: Callable[[], Lines]
    if transaction.type in {"SPEND", "RECEIVE"}:
        source_type = "CASHPAID" if transaction.type == "SPEND" else "CASHREC"
        compute = partial(document_lines, book, transaction, transaction.bank_account)
    else:
        kind = transaction.type.split("-")[1]
        source_type = ("AR" if transaction.type.startswith("RECEIVE") else "AP") + kind
        compute = partial(_advance_lines, book, transaction)
    book.post(
        transaction,
        transaction.bank_transaction_id,
        source_type,
        transaction.date,
        compute,
        reference=transaction.reference,
        stamp=stamp,
    )


def _advance_lines(book: Book, transaction: BankTransaction) -> Lines:
    sign = 1 if transaction.type.startswith("RECEIVE") else -1
    amount = to_base(transaction.total, transaction.currency_rate)
    return (
        JournalLine(transaction.bank_account, sign * amount),
        JournalLine(_control_of(book, transaction), -sign * amount),
    )


def base_relief(document: Document, open_before: Decimal, open_after: Decimal) -> Decimal:
    """How much of a control account a settlement clears, so that what stays equals the open amount."""
    rate = document.currency_rate
    return to_base(open_before, rate) - to_base(open_after, rate)


def debits_bank(payment: Payment) -> bool:
    """Whether a payment brings money in: from a customer, or back from a supplier."""
    return payment.payment_type in {
        "ACCRECPAYMENT",
        "APCREDITPAYMENT",
        "APOVERPAYMENTPAYMENT",
        "APPREPAYMENTPAYMENT",
    }


def control_amount(source: Payment | Allocation) -> Decimal:
    """What the live journals of a settlement hold on debtors or creditors, debit positive."""
    return sum(
        (
            line.net_amount
            for posting in source.postings
            for line in posting.lines()
            if line.account.system_account in {"DEBTORS", "CREDITORS"}
        ),
        ZERO,
    )


def _credit_source(document: Document) -> str:
    """The journal source that the vendor gives to the use or the refund of credit."""
    receivable = document.type in {"ACCREC", "ACCRECCREDIT"} or document.type.startswith("RECEIVE")
    return "ARCREDITPAYMENT" if receivable else "APCREDITPAYMENT"


def close_gap(book: Book, source: Payment | Allocation, source_id: str, document: Document, gap: Decimal) -> None:
    """Post what an undone settlement leaves between the control account and the open amount, if anything."""
    if not gap:
        return
    lines = (
        JournalLine(_control_of(book, document), gap),
        JournalLine(book.control_account("REALISEDCURRENCYGAIN"), -gap),
    )
    source_type = source.payment_type if isinstance(source, Payment) else _credit_source(document)
    if not isinstance(document, Invoice):
        source_type = _credit_source(document)
    book.post(source, source_id, source_type, source.date, partial(_same, lines))


def post_payment(
    book: Book, payment: Payment, document: Document, relief: Decimal, stamp: Millis | None = None
) -> None:
    """Post a payment; the gain or loss between its rate and the document's goes to realised gains."""
    sign = 1 if debits_bank(payment) else -1
    bank = to_base(payment.amount, payment.currency_rate)
    lines = [
        JournalLine(payment.account, sign * bank),
        JournalLine(_control_of(book, document), -sign * relief),
    ]
    if bank != relief:
        lines.append(JournalLine(book.control_account("REALISEDCURRENCYGAIN"), -sign * (bank - relief)))
    book.post(
        payment,
        payment.payment_id,
        payment.payment_type if payment.invoice is not None else _credit_source(document),
        payment.date,
        partial(_same, tuple(lines)),
        reference=payment.reference,
        stamp=stamp,
    )


def post_allocation(book: Book, allocation: Allocation, invoice_relief: Decimal, credit_relief: Decimal) -> None:
    """Post the exchange difference of an allocation; without one an allocation posts nothing."""
    if invoice_relief == credit_relief:
        return
    sign = 1 if allocation.invoice.type == "ACCREC" else -1
    difference = sign * (credit_relief - invoice_relief)
    lines = (
        JournalLine(_control_of(book, allocation.invoice), difference),
        JournalLine(book.control_account("REALISEDCURRENCYGAIN"), -difference),
    )
    book.post(
        allocation, allocation.allocation_id, _credit_source(allocation.invoice), allocation.date, partial(_same, lines)
    )


def post_transfer(book: Book, transfer: BankTransfer, stamp: Millis | None = None) -> None:
    """Post a transfer between two bank accounts."""
    amount = to_base(transfer.amount, transfer.currency_rate)
    lines = (
        JournalLine(transfer.from_bank_account, -amount),
        JournalLine(transfer.to_bank_account, amount),
    )
    book.post(transfer, transfer.bank_transfer_id, "TRANSFER", transfer.date, partial(_same, lines), stamp=stamp)


def post_manual_journal(book: Book, journal: ManualJournal, stamp: Millis | None = None) -> None:
    """Post a manual journal's lines, and the tax in or on them."""
    inclusive = journal.line_amount_types == "Inclusive"
    lines = [
        JournalLine(
            line.account,
            line.line_amount - line.tax_amount if inclusive else line.line_amount,
            line.tax_amount,
            line.tax_type,
            line.description,
            line.tracking,
        )
        for line in journal.journal_lines
    ]
    if tax := sum((line.tax_amount for line in journal.journal_lines), ZERO):
        lines.append(JournalLine(book.control_account("GST"), tax))
    book.post(
        journal,
        journal.manual_journal_id,
        "MANJOURNAL",
        journal.date,
        partial(_same, tuple(lines)),
        reference=journal.narration,
        stamp=stamp,
    )


def _same(lines: Lines) -> Lines:
    return lines


def imbalances(book: Book) -> list[str]:
    """What is wrong with a book; empty when it balances.

    Every journal sums to zero, and the debtors and creditors accounts equal the open documents, in the
    base currency.
    """
    problems: list[str] = []
    control = {book.control_account(name).account_id: ZERO for name in ("DEBTORS", "CREDITORS")}
    for posting in book.journals:
        total = ZERO
        for line in posting.lines():
            total += line.net_amount
            if line.account.account_id in control:
                control[line.account.account_id] += line.net_amount
        if total:
            problems.append(f"journal {posting.number} ({posting.source_type}) is out by {total}")
    expected = _open_amounts(book)
    for name in ("DEBTORS", "CREDITORS"):
        held = control[book.control_account(name).account_id]
        if held != expected[name]:
            problems.append(f"{name} holds {held}, open documents make {expected[name]}")
    return problems


def _open_amounts(book: Book) -> dict[str, Decimal]:
    expected = {"DEBTORS": ZERO, "CREDITORS": ZERO}
    for invoice in book.invoices:
        if invoice.status in {"AUTHORISED", "PAID"}:
            sign = 1 if invoice.type == "ACCREC" else -1
            name = "DEBTORS" if invoice.type == "ACCREC" else "CREDITORS"
            expected[name] += sign * to_base(invoice.amount_due, invoice.currency_rate)
    held: list[Credit] = [*book.credit_notes, *book.overpayments, *book.prepayments]
    for credit in held:
        if credit.status in {"AUTHORISED", "PAID"}:
            receivable = _control_of(book, credit).system_account == "DEBTORS"
            sign = -1 if receivable else 1
            name = "DEBTORS" if receivable else "CREDITORS"
            expected[name] += sign * to_base(credit.remaining_credit, credit.currency_rate)
    return expected
