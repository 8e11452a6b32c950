"""The books on disk: one SQLite file, so that a restart keeps everything that was grown or written.

It knows rows, changes and postings as data. What they mean is decided in `book.py`. One process, one thread at a time:
the caller holds a lock.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILE_NAME: Final = "sandbox.sqlite3"

_SCHEMA: Final = """
create table if not exists organisations (
    id text primary key, name text not null, seed text not null, size text not null,
    opened text not null, grown_to text not null, changed_us integer not null
);
create table if not exists rows (
    organisation text not null, kind text not null, id text not null,
    updated_us integer not null, deleted integer not null, body blob not null,
    primary key (organisation, kind, id)
) without rowid;
create index if not exists rows_by_change on rows (organisation, kind, updated_us, id);
create table if not exists postings (
    organisation text not null, entry text not null, day text not null, account text not null,
    amount_minor integer not null
);
create index if not exists postings_by_entry on postings (organisation, entry);
create index if not exists postings_by_day on postings (organisation, day);
create table if not exists answers (
    organisation text not null, key text not null, request blob not null, status integer not null, body blob not null,
    primary key (organisation, key)
) without rowid;
create table if not exists files (
    organisation text not null, kind text not null, record text not null, id text not null, name text not null,
    content_type text not null, created_us integer not null, content blob not null,
    primary key (organisation, kind, record, id)
);
"""


@dataclass(frozen=True)
class Organisation:
    """A book's title page. `opened` and `grown_to` are days (ISO); `changed_us` is the latest change's time."""

    id: str
    name: str
    seed: str
    size: str
    opened: str
    grown_to: str
    changed_us: int


@dataclass(frozen=True)
class Row:
    """One record. `updated_us` is in microseconds since 1970 and is never given twice within a book."""

    id: str
    updated_us: int
    deleted: bool
    body: bytes


@dataclass(frozen=True)
class StoredFile:
    """A file beside a record; `content` is empty in lists."""

    id: str
    name: str
    content_type: str
    created_us: int
    size_bytes: int
    content: bytes = b""


class Storage:
    """The file. `directory` None keeps everything in memory, for tests and throw-away runs."""

    def __init__(self, directory: Path | None) -> None:
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = ":memory:" if directory is None else str(directory / FILE_NAME)
        # Used from worker threads, one at a time.
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode = wal")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes within are kept together, or none of them."""
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    # -- organisations ------------------------------------------------------------------------------------

    def organisation(self, organisation_id: str) -> Organisation | None:
        """The title page of a book, or None."""
        found = self._db.execute("select * from organisations where id = ?", (organisation_id,)).fetchone()
        return None if found is None else Organisation(*found)

    def save_organisation(self, one: Organisation) -> None:
        """Keep a title page."""
        values = (one.id, one.name, one.seed, one.size, one.opened, one.grown_to, one.changed_us)
        self._db.execute("insert or replace into organisations values (?, ?, ?, ?, ?, ?, ?)", values)

    # -- rows ---------------------------------------------------------------------------------------------

    def row(self, organisation: str, kind: str, record_id: str) -> Row | None:
        """One record, deleted or not, or None."""
        found = self._db.execute(
            "select id, updated_us, deleted, body from rows where organisation = ? and kind = ? and id = ?",
            (organisation, kind, record_id),
        ).fetchone()
        return None if found is None else Row(found[0], found[1], bool(found[2]), found[3])

    def rows(self, organisation: str, kind: str, after: tuple[int, str], limit: int) -> list[Row]:
        """Records in the order of their last change, after a position in it."""
        found = self._db.execute(
            "select id, updated_us, deleted, body from rows where organisation = ? and kind = ?"
            " and (updated_us, id) > (?, ?) order by updated_us, id limit ?",
            (organisation, kind, *after, limit),
        )
        return [Row(one[0], one[1], bool(one[2]), one[3]) for one in found]

    def total(self, organisation: str, kind: str) -> int:
        """How many records of a kind there are, deleted ones included."""
        query = "select count(*) from rows where organisation = ? and kind = ?"
        count: int = self._db.execute(query, (organisation, kind)).fetchone()[0]
        return count

    def save_rows(self, organisation: str, rows: Iterable[tuple[str, Row]]) -> None:
        """Keep records, each with its kind."""
        self._db.executemany(
            "insert or replace into rows values (?, ?, ?, ?, ?, ?)",
            ((organisation, kind, row.id, row.updated_us, row.deleted, row.body) for kind, row in rows),
        )

    # -- postings -----------------------------------------------------------------------------------------

    def post(self, organisation: str, postings: Sequence[tuple[str, str, str, int]]) -> None:
        """Add postings (entry, day, account, amount in minor units; debits above zero)."""
        self._db.executemany(
            "insert into postings values (?, ?, ?, ?, ?)", ((organisation, *posting) for posting in postings)
        )

    def unpost(self, organisation: str, entry: str) -> None:
        """Take an entry's postings back."""
        self._db.execute("delete from postings where organisation = ? and entry = ?", (organisation, entry))

    def balances(self, organisation: str, first: str, last: str) -> dict[str, int]:
        """Sum of postings by account over the days first to last (ISO, inclusive), in minor units."""
        found = self._db.execute(
            "select account, sum(amount_minor) from postings where organisation = ? and day between ? and ?"
            " group by account",
            (organisation, first, last),
        )
        return dict(found.fetchall())

    def movements(self, organisation: str, first: str, last: str, accounts: Sequence[str]) -> dict[str, list[int]]:
        """Money in and out of accounts over some days: by entry the amounts that went through them."""
        places = ",".join("?" * len(accounts))
        found = self._db.execute(
            "select entry, amount_minor from postings where organisation = ? and day between ? and ?"  # noqa: S608
            f" and account in ({places})",
            (organisation, first, last, *accounts),
        )
        by_entry: dict[str, list[int]] = {}
        for entry, amount in found:
            by_entry.setdefault(entry, []).append(amount)
        return by_entry

    # -- answers and files --------------------------------------------------------------------------------

    def answer(self, organisation: str, key: str) -> tuple[bytes, int, bytes] | None:
        """What was asked under an idempotency key, and the status and body of the answer."""
        query = "select request, status, body from answers where organisation = ? and key = ?"
        found: tuple[bytes, int, bytes] | None = self._db.execute(query, (organisation, key)).fetchone()
        return found

    def save_answer(self, organisation: str, key: str, request: bytes, status: int, body: bytes) -> None:
        """Keep the answer to a key for ever."""
        self._db.execute("insert into answers values (?, ?, ?, ?, ?)", (organisation, key, request, status, body))

    def files(self, organisation: str, kind: str, record: str) -> list[StoredFile]:
        """The files beside a record, oldest first, without their contents."""
        found = self._db.execute(
            "select id, name, content_type, created_us, length(content) from files"
            " where organisation = ? and kind = ? and record = ? order by created_us, id",
            (organisation, kind, record),
        )
        return [StoredFile(*one) for one in found]

    def file(self, organisation: str, kind: str, record: str, file_id: str) -> StoredFile | None:
        """One file with its content, or None."""
        found = self._db.execute(
            "select id, name, content_type, created_us, length(content), content from files"
            " where organisation = ? and kind = ? and record = ? and id = ?",
            (organisation, kind, record, file_id),
        ).fetchone()
        return None if found is None else StoredFile(*found)

    def save_file(self, organisation: str, kind: str, record: str, file: StoredFile) -> None:
        """Keep a file."""
        values = (organisation, kind, record, file.id, file.name, file.content_type, file.created_us, file.content)
        self._db.execute("insert into files values (?, ?, ?, ?, ?, ?, ?, ?)", values)
