"""One organisation's book: its tables, its journals, and attempts that are undone when they fail.

It must not read requests or shape answers, and holds no rule about what may be changed: see rules.py,
document_fields.py, payments.py and their neighbours.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

from bookbridge.emulators.xero.clock import Clock, Millis
from bookbridge.emulators.xero.ids import Ids
from bookbridge.emulators.xero.journals import Lines, Posting, reversed_lines
from bookbridge.emulators.xero.records import (
    Account,
    Attachment,
    BankTransaction,
    BankTransfer,
    BatchPayment,
    BrandingTheme,
    Contact,
    CreditNote,
    Currency,
    HistoryNote,
    Invoice,
    Item,
    ManualJournal,
    Organisation,
    Overpayment,
    Payment,
    Prepayment,
    PurchaseOrder,
    Record,
    TaxRate,
    TrackingCategory,
    User,
)
from bookbridge.emulators.xero.tables import Table

R = TypeVar("R", bound=Record)


class Book:
    """All that one organisation's Accounting API shows."""

    def __init__(self, organisation: Organisation, clock: Clock, ids: Ids) -> None:
        self.organisation = organisation
        self.clock = clock
        self.ids = ids
        self.accounts = Table(Account, "account_id", "code")
        self.contacts = Table(Contact, "contact_id", "contact_number")
        self.tax_rates = Table(TaxRate, "tax_type")
        self.tracking_categories = Table(TrackingCategory, "tracking_category_id")
        self.items = Table(Item, "item_id", "code")
        self.currencies = Table(Currency, "code")
        self.branding_themes = Table(BrandingTheme, "branding_theme_id")
        self.users = Table(User, "user_id")
        self.invoices = Table(Invoice, "invoice_id", "invoice_number")
        self.credit_notes = Table(CreditNote, "credit_note_id", "credit_note_number")
        self.overpayments = Table(Overpayment, "overpayment_id")
        self.prepayments = Table(Prepayment, "prepayment_id")
        self.payments = Table(Payment, "payment_id")
        self.batch_payments = Table(BatchPayment, "batch_payment_id")
        self.bank_transactions = Table(BankTransaction, "bank_transaction_id")
        self.bank_transfers = Table(BankTransfer, "bank_transfer_id")
        self.manual_journals = Table(ManualJournal, "manual_journal_id")
        self.purchase_orders = Table(PurchaseOrder, "purchase_order_id", "purchase_order_number")
        self.journals: list[Posting] = []
        self.attachments: dict[str, tuple[Attachment, ...]] = {}
        self.history: dict[str, list[HistoryNote]] = {}
        self.contact_names: dict[str, Contact] = {}
        """Contacts that are not archived, by case-folded name: names are unique among them."""

        self.rates: dict[str, Decimal] = {}
        """Day rates: units of a currency for one unit of the base currency."""

        self.offline = False
        self.effects: dict[str, int] = {}
        """How many creations and updates really happened, by "METHOD Resource"."""

        self._numbers: dict[str, int] = {}
        self._undo: list[Callable[[], object]] | None = None

    # -- attempts ---------------------------------------------------------------------------------

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Everything changed inside is put back if the block raises. Attempts may nest."""
        outer, self._undo = self._undo, []
        try:
            yield
        except BaseException:
            undo, self._undo = self._undo, outer
            for step in reversed(undo):
                step()
            raise
        else:
            done, self._undo = self._undo, outer
            if outer is not None:
                outer.extend(done)

    def _on_undo(self, step: Callable[[], object]) -> None:
        if self._undo is not None:
            self._undo.append(step)

    def add(self, table: Table[R], record: R) -> R:
        """Store a new record, stamped now."""
        record.updated_date_utc = self.clock.stamp()
        table.put(record)
        self._on_undo(lambda: table.remove(record))
        return record

    def change(self, table: Table[R], record: R, **fields: Any) -> None:
        """Set fields of a stored record and stamp it, even when no field differs."""
        self._remember(record)
        for name, value in fields.items():
            setattr(record, name, value)
        record.updated_date_utc = self.clock.stamp()
        table.put(record)

    def adjust(self, record: Any, **fields: Any) -> None:
        """Set fields without a new stamp: for parts, and for changes the vendor does not stamp."""
        self._remember(record)
        for name, value in fields.items():
            setattr(record, name, value)

    def delete(self, table: Table[R], record: R) -> None:
        """Remove a record for good, as the vendor does with items and tracking."""
        table.remove(record)
        self._on_undo(lambda: table.restore(record))

    def _remember(self, record: Any) -> None:
        if self._undo is None:
            return
        before = {name: getattr(record, name) for name in record.__struct_fields__}

        def restore() -> None:
            for name, value in before.items():
                setattr(record, name, value)

        self._undo.append(restore)

    def name_contact(self, contact: Contact, previous: str | None = None) -> None:
        """Keep the index of unique contact names in step with a new, renamed or archived contact."""
        names = self.contact_names
        old_key = previous.casefold() if previous else None
        if old_key is not None and names.get(old_key) is contact:
            del names[old_key]
            self._on_undo(lambda: names.__setitem__(old_key, contact))
        if contact.contact_status == "ACTIVE":
            key = contact.name.casefold()
            names[key] = contact
            self._on_undo(lambda: names.pop(key, None))

    # -- journals ---------------------------------------------------------------------------------

    def post(
        self,
        source: Any,
        source_id: str,
        source_type: str,
        date: dt.date,
        compute: Callable[[], Lines],
        *,
        reference: str = "",
        stamp: Millis | None = None,
    ) -> None:
        """Add a journal for ``source`` and attach it, so that a later void can reverse it."""
        posting = Posting(
            number=len(self.journals) + 1,
            source_id=source_id,
            source_type=source_type,
            date=date,
            created_ms=self.clock.stamp() if stamp is None else stamp,
            reference=reference,
            compute=compute,
        )
        self._append(posting)
        self._remember(source)
        source.postings = (*source.postings, posting)

    def unpost(self, source: Any) -> None:
        """Reverse every live journal of ``source``: call before the source changes."""
        for posting in source.postings:
            if posting.reversed:
                continue
            self._remember(posting)
            posting.fix()
            posting.reversed = True
            self._append(
                Posting(
                    number=len(self.journals) + 1,
                    source_id=posting.source_id,
                    source_type=posting.source_type,
                    date=posting.date,
                    created_ms=self.clock.stamp(),
                    reference=posting.reference,
                    fixed=reversed_lines(posting.lines()),
                    reverses=posting,
                )
            )
        self._remember(source)
        source.postings = ()

    def _append(self, posting: Posting) -> None:
        self.journals.append(posting)
        self._on_undo(self.journals.pop)

    def new_id(self) -> str:
        """A fresh GUID."""
        return self.ids.guid()

    # -- look-ups ---------------------------------------------------------------------------------

    def control_account(self, system_account: str) -> Account:
        """The account that the vendor keeps itself, such as DEBTORS; raises KeyError without one."""
        for account in self.accounts:
            if account.system_account == system_account:
                return account
        raise KeyError(system_account)

    def day_rate(self, currency: str) -> Decimal | None:
        """Units of ``currency`` for one unit of the base currency; None when not subscribed to it."""
        if currency == self.organisation.base_currency:
            return Decimal(1)
        return self.rates.get(currency)

    def next_number(self, prefix: str) -> str:
        """The next free number of a series, such as INV-0042."""
        used = self._numbers.get(prefix, 0)
        self._numbers[prefix] = used + 1
        # A refused request leaves nothing behind: what is not kept in the journal must not count.
        self._on_undo(lambda: self._numbers.__setitem__(prefix, used))
        return f"{prefix}{self._numbers[prefix]:04d}"

    def lock_date(self) -> dt.date | None:
        """The last day that is closed to changes."""
        dates = [
            day
            for day in (self.organisation.period_lock_date, self.organisation.end_of_year_lock_date)
            if day is not None
        ]
        return max(dates, default=None)

    def note(self, record_id: str, changes: str, details: str = "", user: str = "System") -> None:
        """Add a line to a record's history."""
        moment = Millis(int(self.clock.now_s() * 1000))
        notes = self.history.setdefault(record_id, [])
        notes.append(HistoryNote(changes=changes, details=details, user=user, date_utc=moment))
        self._on_undo(notes.pop)

    # -- keeping ----------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All that the book holds, for ``restore``; to be taken between requests."""
        kept = {name: value for name, value in vars(self).items() if name not in _NOT_STATE}
        return {name: list(value) if isinstance(value, Table) else value for name, value in kept.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what another book's ``state`` gave; what a newer book has besides stays as it is."""
        for name, value in state.items():
            present = getattr(self, name, None)
            if isinstance(present, Table):
                present.load(value)
            elif hasattr(self, name):
                setattr(self, name, value)


_NOT_STATE = {"clock", "ids", "_undo"}
