"""READS: every data type of the catalogue, each from the list of the same name, through one shape function.

The ledger speaks the contract's shapes, so that all types are shaped alike. Another vendor has a function per type
here, from its own payload class to our record.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import msgspec

from bookbridge.accounting.catalog import DATA_TYPES
from bookbridge.accounting.data_type import DataType
from bookbridge.accounting.records import DELETED, LIVE, ListedRecord, Record
from bookbridge.connectors.kit.connector import Facts, Read, Source
from bookbridge.connectors.sandbox.payloads import Row

L = TypeVar("L", bound=ListedRecord)
R = TypeVar("R", bound=Record)

SOURCE_NAME: Final = "ledger"


def listed(row: Row[L], facts: Facts) -> L:
    """A record of a list, with what the row says of it."""
    del facts
    metadata = DELETED if row.deleted else LIVE
    return msgspec.structs.replace(row.record, id=row.id, source_modified_date=row.updated, metadata=metadata)


def single(row: Row[R], facts: Facts) -> R:
    """The one record of a type that has no list: company details and financial statements."""
    del facts
    return row.record


def _read(data_type: DataType[Any]) -> Read[Any]:
    row: Any = Row  # subscribed with a class that is a value here, which types cannot say
    return Read(
        data_type,
        (
            Source(
                name=SOURCE_NAME,
                path=data_type.key,
                payload=row[data_type.record],
                shape=single if data_type.single else listed,
                incremental=not data_type.single,
                countable=not data_type.single,
            ),
        ),
    )


READS: Final[tuple[Read[Any], ...]] = tuple(_read(data_type) for data_type in DATA_TYPES)
