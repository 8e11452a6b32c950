"""The whole world as bytes, and back: books, consents, tokens, remembered answers, the clock.

Records refer to each other in circles and chains of any length, so each is written twice: first as an empty
record wherever it is met, later, once, with its fields. Fields are kept by name: one that a newer version
added gets its default, one that it dropped is ignored. Pickle does the writing; reading admits only the
names listed here, so a tampered file can build records but run nothing of its own. This module must not touch files.
"""

from __future__ import annotations

import functools
import gc
import hashlib
import importlib
import io
import pickle
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from bookbridge.emulators.xero.books import Book
from bookbridge.emulators.xero.clock import Clock
from bookbridge.emulators.xero.ids import Ids

FORMAT = b"bookbridge xero emulator 1\n"
_DIGEST_BYTES = 32
_OWN = "bookbridge.emulators.xero."
_POSTING_MODULES = {f"{_OWN}postings", f"{_OWN}bulk"}
"""Their functions compute the lines of a posting, and are kept by name."""

_VALUES = {
    ("collections", "OrderedDict"),
    ("datetime", "date"),
    ("datetime", "datetime"),
    ("datetime", "timedelta"),
    ("datetime", "timezone"),
    ("decimal", "Decimal"),
    ("functools", "partial"),
}


class SnapshotUnreadable(Exception):
    """The bytes are no snapshot, are damaged, or come from a version that this one cannot follow."""


def freeze(root: dict[str, Any]) -> bytes:
    """``root`` and everything that it reaches."""
    out = io.BytesIO()
    freezer = _Freezer(out)
    with _no_collection():
        freezer.dump(root)
        while freezer.pending:
            batch = list(freezer.pending)
            freezer.pending.clear()
            freezer.dump([(thing, _state(thing)) for thing in batch])
        freezer.dump(None)
    content = out.getvalue()
    return FORMAT + hashlib.sha256(content).digest() + content


def thaw(frozen: bytes) -> dict[str, Any]:
    """What ``freeze`` was given. Raises SnapshotUnreadable."""
    head = len(FORMAT) + _DIGEST_BYTES
    content = frozen[head:]
    if not frozen.startswith(FORMAT) or hashlib.sha256(content).digest() != frozen[len(FORMAT) : head]:
        raise SnapshotUnreadable("it is damaged, or not a snapshot of this kind")
    try:
        with _no_collection():
            return _load(_Thawer(io.BytesIO(content)))
    # What goes wrong depends on what another version wrote.
    except Exception as error:
        raise SnapshotUnreadable(f"{type(error).__name__}: {error}") from error


def _load(thawer: _Thawer) -> dict[str, Any]:
    root: dict[str, Any] = thawer.load()
    books: list[tuple[Book, dict[str, Any]]] = []
    while (batch := thawer.load()) is not None:
        for thing, state in batch:
            if isinstance(thing, Book):
                books.append((thing, state))
            else:
                _fill(thing, state)
    # Last: a book's tables file records under their ids, which they have only now.
    for book, state in books:
        book.restore(state)
    return root


@contextmanager
def _no_collection() -> Iterator[None]:
    """Hundreds of thousands of new objects, none of them garbage: looking for some takes half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class _Freezer(pickle.Pickler):
    def __init__(self, out: io.BytesIO) -> None:
        super().__init__(out, protocol=5)
        self.pending: deque[Any] = deque()

    def reducer_override(self, thing: Any) -> Any:
        if isinstance(thing, msgspec.Struct | Book):
            self.pending.append(thing)
            return empty, (type(thing),)
        return NotImplemented


class _Thawer(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _VALUES:
            return getattr(importlib.import_module(module), name)
        if (module, name) == (__name__, empty.__name__):
            return empty
        if module.startswith(_OWN) and "." not in name:
            found = getattr(importlib.import_module(module), name)
            is_record = isinstance(found, type) and issubclass(found, msgspec.Struct | Book)
            if is_record or (module in _POSTING_MODULES and getattr(found, "__module__", "") == module):
                return found
        raise pickle.UnpicklingError(f"{module}.{name} does not belong in a snapshot")


def empty(kind: Any) -> Any:
    """A record of this kind with nothing in it yet."""
    if kind is Book:
        return Book(None, Clock(), Ids())  # type: ignore[arg-type]  # filled in a moment
    return kind(**dict.fromkeys(_required(kind)))


@functools.cache
def _required(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    names, defaults = kind.__struct_fields__, kind.__struct_defaults__
    first = len(names) - len(defaults)
    without = (name for name, value in zip(names[first:], defaults, strict=True) if value is msgspec.NODEFAULT)
    return (*names[:first], *without)


def _state(thing: Any) -> dict[str, Any]:
    if isinstance(thing, Book):
        return thing.state()
    return {name: getattr(thing, name) for name in thing.__struct_fields__}


def _fill(record: Any, state: dict[str, Any]) -> None:
    known = record.__struct_fields__
    for name, value in state.items():
        if name in known:
            msgspec.structs.force_setattr(record, name, value)
