"""The rows a vendor's manifest is written in: facts only, typed so that a wrong join does not compile.

`Read[R]` ties a data type to the pure function that shapes the vendor's payload into its record;
`Write[R]` ties it to the function that shapes the record into the vendor's payload. How a page is
fetched or a payload is sent belongs to the vendor's session (see `session.py`), not to these rows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bookbridge.accounting.data_type import DataType
from bookbridge.accounting.records import Record
from bookbridge.connectors.kit.app_options import AppOption
from bookbridge.connectors.kit.auth import Auth
from bookbridge.connectors.kit.errors import FieldProblem
from bookbridge.connectors.kit.expenses import ExpenseRules

if TYPE_CHECKING:
    from bookbridge.connectors.kit.session import Access, Organisation, Session

R = TypeVar("R", bound=Record)
P = TypeVar("P")

Facts = Mapping[str, str]
"""What was learnt about the organisation when it was linked (its vendor id, base currency, …)."""


@dataclass(frozen=True)
class Source(Generic[P, R]):
    """One vendor list that feeds a data type.

    `name` is stored in checkpoints and beside records: never rename it. `shape` is pure; it returns
    one record, several (a tracking category and its options), or None (a row that is of no concern here).
    """

    name: str
    path: str
    payload: type[P]
    shape: Callable[[P, Facts], R | Sequence[R] | None]
    query: Mapping[str, str] = field(default_factory=dict)
    paged: bool = True
    incremental: bool = True
    countable: bool = False
    """The vendor tells a total for exactly this list, and each payload makes exactly one record: a
    finished read can be proved by comparing counts."""
    shape_raw: Callable[[bytes], R] | None = None
    """In place of `shape`, for records that are drawn from the exact JSON text of a row. Never set in a manifest."""


@dataclass(frozen=True)
class Read(Generic[R]):
    """A data type that this vendor can supply, from one list or from the union of several."""

    data_type: DataType[R]
    sources: tuple[Source[Any, R], ...]
    hard_deletes: bool = False
    """The vendor forgets deleted records: after a full read, stored records that it no longer lists are
    marked deleted."""


class Operation(StrEnum):
    """What a write does. The values are those of the contract's webhook field `type`."""

    CREATE = "Create"
    UPDATE = "Update"
    DELETE = "Delete"
    UPLOAD_ATTACHMENT = "UploadAttachment"


@dataclass(frozen=True)
class Choice:
    """Where the allowed values of a field come from: a fixed list, or the synced records of a type."""

    values: tuple[str, ...] = ()
    records_of: str | None = None
    """Key of a data type: the field must hold the id of one of its synced records."""
    where: str = ""
    """Of these records, only those that meet a query are offered. Whether the others are refused is for the vendor."""
    linked: str | None = None
    """Of these records, only those whose `validDatatypeLinks` name this field are offered."""


@dataclass(frozen=True)
class Write(Generic[R]):
    """A write that this vendor takes, with what it demands of the record beyond the data type's own rules.

    Field paths are dotted, in the contract's spelling, without list indexes (`lineItems.quantity`).
    """

    data_type: DataType[R]
    operation: Operation
    path: str
    shape: Callable[[R, Facts], Any]
    """Record → the vendor's payload (anything msgspec can encode, or bytes). Pure."""
    fields: tuple[str, ...]
    """Every field that the write takes; others are refused with a warning, since they would be lost."""
    required: tuple[str, ...] = ()
    usual: tuple[str, ...] = ()
    """Fields that the write can do without only where something else stands in (an item's account for a line's). A form
    asks for them as for required ones; whether they may be missing is for `check` and the vendor."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What nothing else here can tell about a field, in words for people: of a usual one when it may be missing, of any
    other a rule whose breach makes the write fail."""
    choices: Mapping[str, Choice] = field(default_factory=dict)
    length_max: Mapping[str, int] = field(default_factory=dict)
    check: Callable[[R], Sequence[FieldProblem]] | None = None
    """What is too particular for the rows above (at most two tracking categories, …). Pure."""


@dataclass(frozen=True)
class AttachmentRule:
    """Which files a vendor takes beside a record."""

    data_type: str
    path: str
    size_max_bytes: int
    extensions: frozenset[str]


@dataclass(frozen=True)
class CallLimit:
    """At most `calls` in any `window_s` seconds, per organisation."""

    calls: int
    window_s: int


@dataclass(frozen=True)
class Limits:
    """The vendor's published limits per organisation, kept by us before each call."""

    calls: tuple[CallLimit, ...]
    in_flight_max: int | None = None


@dataclass(frozen=True)
class Connector:
    """All that the other rooms know about a vendor."""

    key: str
    auth: Auth
    endpoints: Mapping[str, str]
    """Default URLs by name (`authorize`, `token`, `revoke`, `api`, …); an installation may point them elsewhere."""
    limits: Limits
    reads: tuple[Read[Any], ...]
    writes: tuple[Write[Any], ...]
    open: Callable[[Access], Session]
    organisations: Callable[[Access], Awaitable[list[Organisation]]]
    """Which organisations the fresh authorisation opens, with the facts that tell them apart."""
    identify: Callable[[Access], Awaitable[Organisation]]
    """The chosen organisation (its facts are in the access) under the name in its own ledger, with every fact
    that sessions and shapes need. The confirmation page shows it before anything is linked."""
    attachments: tuple[AttachmentRule, ...] = ()
    custom_lists: bool = False
    """Any path below the API address is a list of JSON rows, which the session reads as an unpaged source whose payload
    is `msgspec.Raw`: custom data types may be drawn from them."""
    live: tuple[str, ...] = ()
    """Keys of the data types whose lists can be read at the moment of asking (see `live.LiveReader`)."""
    expenses: ExpenseRules | None = None
    """What the ledger makes of expenses. None: it takes none."""
    options: Mapping[str, AppOption] = field(default_factory=dict)
    """What an installation may set beyond the options that every vendor has (see `companies.vendor_apps`)."""
    data_access: tuple[str, ...] = ()
    """Plain words for the consent page: what will be read and written."""

    def read(self, data_type_key: str) -> Read[Any] | None:
        """The read row of a data type, or None when the vendor cannot supply it."""
        return next((row for row in self.reads if row.data_type.key == data_type_key), None)

    def write(self, data_type_key: str, operation: Operation) -> Write[Any] | None:
        """The write row of a data type and operation, or None when the vendor does not take it."""
        return next(
            (row for row in self.writes if row.data_type.key == data_type_key and row.operation is operation),
            None,
        )

    def attachment_rule(self, data_type_key: str) -> AttachmentRule | None:
        """What may be attached to records of a data type, or None when nothing may."""
        return next((rule for rule in self.attachments if rule.data_type == data_type_key), None)
