"""What the ledger answers: organisations, lists, writes under an idempotency key, files. HTTP is not known here.

Methods are synchronous and must be called one at a time. Every write is one transaction together with its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

import msgspec

from bookbridge.accounting.dates import contract_datetime
from bookbridge.emulators.sandbox import world, writes
from bookbridge.emulators.sandbox.book import BASE_CURRENCY, Book, Json, Missing, Refused, decode, encode
from bookbridge.emulators.sandbox.documents import KINDS
from bookbridge.emulators.sandbox.reports import REPORTS
from bookbridge.emulators.sandbox.settlement import PAYMENTS
from bookbridge.emulators.sandbox.shape import check_shape
from bookbridge.emulators.sandbox.storage import Organisation, Row, Storage, StoredFile

PAGE_SIZE_MAX: Final = 1_000
KEY_LENGTH_MAX: Final = 200
FILE_SIZE_MAX_BYTES: Final = 5 * 1024 * 1024
FILES_MAX: Final = 50
"""Per record."""

LISTS: Final = frozenset(
    {
        "accountTransactions",
        "bankAccounts",
        "bankTransactions",
        "chartOfAccounts",
        "company",
        "customers",
        "items",
        "journalEntries",
        "journals",
        "paymentMethods",
        "suppliers",
        "taxRates",
        "trackingCategories",
        "transfers",
        *KINDS,
        *PAYMENTS,
    }
)


@dataclass(frozen=True)
class Answer:
    """A status and a JSON body."""

    status: int
    body: bytes


class Conflict(Exception):
    """The idempotency key was used for another request."""


class Ledger:
    """All organisations of one file. `clock` says what time it is; books grow by it."""

    def __init__(self, storage: Storage, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._storage = storage
        self._clock = clock

    # -- organisations ------------------------------------------------------------------------------------

    def open(self, organisation_id: str, seed: str, size: str) -> Answer:
        """The organisation, made if it is not there. Raises UnknownSize."""
        return _organisation(world.open_book(self._storage, organisation_id, seed, size, self._clock().date()))

    def organisation(self, organisation_id: str) -> Answer:
        """The organisation. Raises Missing."""
        return _organisation(self._grown(organisation_id))

    # -- reading ------------------------------------------------------------------------------------------

    def rows(self, organisation_id: str, kind: str, since_us: int, after: str, limit: int) -> Answer:
        """One page of a list in the order of last change, from a moment or after a position. Of a
        report, the months from that moment's on. Raises Missing."""
        organisation = self._grown(organisation_id)
        if kind in REPORTS:
            first = datetime.fromtimestamp(since_us // 1_000_000, UTC).date()
            report = encode(REPORTS[kind](self._storage, organisation, first))
            rows = [Row(kind, organisation.changed_us, False, report)]
            return _page(rows, 1, None)
        if kind not in LISTS:
            raise Missing
        limit = max(1, min(limit, PAGE_SIZE_MAX))
        position = _position(after) if after else (since_us, "")
        found = self._storage.rows(organisation_id, kind, position, limit + 1)
        last = found[limit - 1] if len(found) > limit else None
        following = None if last is None else f"{last.updated_us}.{last.id}"
        return _page(found[:limit], self._storage.total(organisation_id, kind), following)

    def row(self, organisation_id: str, kind: str, record_id: str) -> Answer:
        """One record, a deleted one with its last content. Raises Missing."""
        self._grown(organisation_id)
        found = self._storage.row(organisation_id, kind, record_id) if kind in LISTS else None
        if found is None:
            raise Missing
        return Answer(200, encode(_row(found)))

    # -- writing ------------------------------------------------------------------------------------------

    def create(self, organisation_id: str, kind: str, body: bytes, key: str) -> Answer:
        """Book a new record. Raises Missing, Conflict."""
        return self._write(organisation_id, f"create {kind}", kind, str(uuid4()), body, key, writes.create)

    def update(self, organisation_id: str, kind: str, record_id: str, body: bytes, key: str) -> Answer:
        """Replace a record. Raises Missing, Conflict."""
        return self._write(organisation_id, f"update {kind} {record_id}", kind, record_id, body, key, writes.update)

    def delete(self, organisation_id: str, kind: str, record_id: str, key: str) -> Answer:
        """Delete a record. Raises Missing, Conflict."""

        def gone(book: Book, kind: str, sent: Json, record_id: str) -> None:
            del sent
            writes.delete(book, kind, record_id)

        return self._write(organisation_id, f"delete {kind} {record_id}", kind, record_id, b"{}", key, gone)

    def answer(self, organisation_id: str, key: str) -> Answer:
        """The answer that was given under a key. Raises Missing: nothing was written under it."""
        kept = self._storage.answer(organisation_id, key)
        if kept is None:
            raise Missing
        return Answer(kept[1], kept[2])

    def _write(
        self,
        organisation_id: str,
        what: str,
        kind: str,
        record_id: str,
        body: bytes,
        key: str,
        effect: Callable[[Book, str, Json, str], None],
    ) -> Answer:
        organisation = self._grown(organisation_id)
        if kind not in LISTS:
            raise Missing
        request = sha256(what.encode() + b"\n" + body).digest()
        kept = self._replayed(organisation_id, key, request)
        if kept is not None:
            return kept
        try:
            sent = decode(body)
        except msgspec.DecodeError:
            return _refused(Refused())
        book = Book(self._storage, organisation)
        try:
            check_shape(kind, sent)
            with self._storage.transaction():
                effect(book, kind, sent, record_id)
                touched = book.flush(self._now_us())
                answer = _written(kind, record_id, touched)
                self._storage.save_organisation(book.organisation)
                self._keep(organisation_id, key, request, answer)
        except Refused as refused:
            # Not kept: what is refused today may be right tomorrow, and nothing happened.
            return _refused(refused)
        return answer

    # -- files --------------------------------------------------------------------------------------------

    def attach(
        self, organisation_id: str, kind: str, record_id: str, name: str, content_type: str, content: bytes, key: str
    ) -> Answer:
        """Keep a file beside a record. Raises Missing, Conflict."""
        self._record(organisation_id, kind, record_id)
        request = sha256(f"attach {kind} {record_id} {name}\n".encode() + content).digest()
        kept = self._replayed(organisation_id, key, request)
        if kept is not None:
            return kept
        if len(self._storage.files(organisation_id, kind, record_id)) >= FILES_MAX:
            return Answer(422, encode({"problems": [{"field": "", "message": f"At most {FILES_MAX} files."}]}))
        file = StoredFile(str(uuid4()), name, content_type, self._now_us(), len(content), content)
        answer = Answer(200, encode(_described(replace(file, content=b""))))
        with self._storage.transaction():
            self._storage.save_file(organisation_id, kind, record_id, file)
            self._keep(organisation_id, key, request, answer)
        return answer

    def files(self, organisation_id: str, kind: str, record_id: str) -> Answer:
        """The files beside a record. Raises Missing."""
        self._record(organisation_id, kind, record_id)
        found = self._storage.files(organisation_id, kind, record_id)
        return Answer(200, encode([_described(one) for one in found]))

    def file(self, organisation_id: str, kind: str, record_id: str, file_id: str) -> StoredFile:
        """One file. Raises Missing."""
        found = self._storage.file(organisation_id, kind, record_id, file_id)
        if found is None:
            raise Missing
        return found

    # -- small things -------------------------------------------------------------------------------------

    def _grown(self, organisation_id: str) -> Organisation:
        kept = self._storage.organisation(organisation_id)
        if kept is None:
            raise Missing
        return world.grow(self._storage, kept, self._clock().date())

    def _record(self, organisation_id: str, kind: str, record_id: str) -> None:
        row = self._storage.row(organisation_id, kind, record_id)
        if row is None or row.deleted:
            raise Missing

    def _replayed(self, organisation_id: str, key: str, request: bytes) -> Answer | None:
        kept = self._storage.answer(organisation_id, key) if key else None
        if kept is None:
            return None
        if kept[0] != request:
            raise Conflict
        return Answer(kept[1], kept[2])

    def _keep(self, organisation_id: str, key: str, request: bytes, answer: Answer) -> None:
        if key:
            self._storage.save_answer(organisation_id, key, request, answer.status, answer.body)

    def _now_us(self) -> int:
        return int(self._clock().timestamp() * 1_000_000)


def _position(after: str) -> tuple[int, str]:
    updated, _, record_id = after.partition(".")
    if not updated.isascii() or not updated.isdigit():
        raise Missing
    return int(updated), record_id


def _organisation(one: Organisation) -> Answer:
    return Answer(200, encode({"id": one.id, "name": one.name, "currency": BASE_CURRENCY, "size": one.size}))


def _moment(microseconds: int) -> str:
    # Whole seconds and the rest apart: a float would lose the last digit.
    seconds, rest = divmod(microseconds, 1_000_000)
    return contract_datetime(datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest))


def _row(row: Row) -> dict[str, Any]:
    moment = _moment(row.updated_us)
    return {"id": row.id, "updated": moment, "deleted": row.deleted, "record": msgspec.Raw(row.body)}


def _page(rows: list[Row], total: int, following: str | None) -> Answer:
    return Answer(200, encode({"rows": [_row(row) for row in rows], "total": total, "next": following}))


def _written(kind: str, record_id: str, touched: list[tuple[str, Row]]) -> Answer:
    rows = [{"kind": one, "row": _row(row)} for one, row in touched]
    if kind not in writes.SEVERAL_AT_ONCE:
        return Answer(200, encode({"kind": kind, "id": record_id, "touched": rows}))
    made = [row.id for one, row in touched if one == kind]
    return Answer(200, encode({"kind": kind, "id": made[0], "made": made, "touched": rows}))


def _refused(refused: Refused) -> Answer:
    problems = [{"field": one.field, "message": one.message} for one in refused.problems]
    return Answer(422, encode({"problems": problems or [{"field": "", "message": "The body is not a JSON object."}]}))


def _described(file: StoredFile) -> Json:
    return {
        "id": file.id,
        "name": file.name,
        "contentType": file.content_type,
        "dateCreated": _moment(file.created_us),
        "fileSize": file.size_bytes,
    }
