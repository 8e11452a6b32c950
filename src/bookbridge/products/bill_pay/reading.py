"""Pages of the ledger's own lists: what is wanted, in the contract's shapes, with a token for the rest.

A page asks the vendor at most CALLS_PER_PAGE_MAX times, stops at PAGE_RESULTS results, and may be shorter than the
next: only a missing token says that the list has ended. A session is handed in; opening and closing it is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import asyncpg

from bookbridge.accounting.catalog import by_key
from bookbridge.accounting.dates import parse_contract_datetime
from bookbridge.accounting.records import ListedRecord, Part
from bookbridge.accounting.tax_details import ValidDatatypeLink
from bookbridge.accounting.types.company_info import CompanyInfo
from bookbridge.connectors.kit.errors import NotSupported, VendorUnavailable
from bookbridge.connectors.kit.live import LivePage, LiveReader, Wanted
from bookbridge.connectors.kit.session import Session
from bookbridge.products.bill_pay import shapes
from bookbridge.products.bill_pay.conditions import Condition, condition
from bookbridge.products.bill_pay.continuation import Continuation, Tokens
from bookbridge.products.bill_pay.records import CompanyInformation, UseStatus

PAGE_RESULTS: Final = 100
"""A page is complete with this many results. It may have more by what one answer of the vendor holds."""

CALLS_PER_PAGE_MAX: Final = 5

T = TypeVar("T", bound=Part)

_USED: Final = tuple(word.value for word in UseStatus)


@dataclass(frozen=True)
class LiveList(Generic[T]):
    """One list of Bill Pay."""

    data_type: str
    shape: Callable[[Any], T]
    statuses: tuple[str, ...]
    """The words that `status` can have."""
    defaults: frozenset[str]
    """Those that are wanted unless the caller says otherwise."""
    use: str = ""
    """What the records are offered for, in the words of their links."""


def _words(data_type: str) -> tuple[str, ...]:
    return tuple(by_key(data_type).enum_values["status"])


BILLS: Final = LiveList("bills", shapes.bill, _words("bills"), frozenset({"Open", "PartiallyPaid"}))
SUPPLIERS: Final = LiveList("suppliers", shapes.supplier, _words("suppliers"), frozenset({"Active", "Archived"}))
ACCOUNTS: Final = LiveList(
    "chartOfAccounts", shapes.account_option, _USED, frozenset({"Active"}), use="Bill.LineItems.AccountRef.Id"
)
TAX_RATES: Final = LiveList(
    "taxRates", shapes.tax_rate_option, _USED, frozenset({"Active"}), use="Bill.LineItems.TaxRateRef.Id"
)
BANK_ACCOUNTS: Final = LiveList("bankAccounts", shapes.bank_account, _USED, frozenset({"Active"}))


@dataclass
class Listing:
    """One page: the results of each list that was asked for, by data type, and where to go on."""

    results: dict[str, list[Part]]
    token: str | None = None
    calls: int = field(default=0, repr=False)

    @property
    def is_full(self) -> bool:
        """Whether the rest belongs on another page."""
        return self.calls >= CALLS_PER_PAGE_MAX or sum(map(len, self.results.values())) >= PAGE_RESULTS


async def company_information(session: Session) -> CompanyInformation:
    """The company as its ledger names it now. Raises any VendorError."""
    page = await _reader(session).live("company", Wanted(), None)
    for reread in page.rereads:
        if isinstance(reread.record, CompanyInfo):
            return shapes.company_information(reread.record)
    raise VendorUnavailable("The ledger did not say whose books it holds.")


async def page(
    pool: asyncpg.Pool,
    session: Session,
    lists: Sequence[LiveList[Any]],
    tokens: Tokens,
    *,
    query: str,
    token: str | None,
) -> Listing:
    """One page of the lists, one after the other. Raises QueryError, BadToken, any VendorError."""
    place = tokens.open(token, query) if token else Continuation(query)
    reader = _reader(session)
    found = Listing({one.data_type: [] for one in lists})
    cursor = place.cursor
    for part, one in enumerate(lists[place.part :], place.part):
        meant = condition(place.query, one.defaults, of=one.data_type)
        wanted = await meant.wanted(pool, one.statuses)
        while wanted is not None:
            if found.is_full:
                found.token = tokens.seal(Continuation(place.query, part, cursor))
                return found
            answer = await reader.live(one.data_type, wanted, cursor)
            await _add(pool, one, meant, answer, found)
            cursor = answer.cursor
            if cursor is None:
                break
    return found


async def _add(pool: asyncpg.Pool, one: LiveList[Any], meant: Condition, answer: LivePage, found: Listing) -> None:
    """Add what is wanted of one answer of the vendor."""
    live = [record for reread in answer.rereads if isinstance(record := reread.record, ListedRecord)]
    offered = [record for record in live if not record.metadata.is_deleted and _is_for(record, one.use)]
    shaped = [(one.shape(record), record) for record in offered]
    met = await meant.met_by(pool, [(_status(shape), _modified(record)) for shape, record in shaped])
    found.calls += 1
    found.results[one.data_type] += [shape for (shape, _), is_met in zip(shaped, met, strict=True) if is_met]


def _is_for(record: ListedRecord, use: str) -> bool:
    """Whether a record may be used so. One without links tells nothing of its uses."""
    links: Sequence[ValidDatatypeLink] = getattr(record, "valid_datatype_links", ()) if use else ()
    return not links or any(name.casefold() == use.casefold() for link in links for name in link.links)


def _reader(session: Session) -> LiveReader:
    if not isinstance(session, LiveReader):
        raise NotSupported("This platform's lists cannot be asked for at the moment; read its data sets instead.")
    return session


def _status(shape: Any) -> str | None:
    return None if shape.status is None else str(shape.status.value)


def _modified(record: ListedRecord) -> Any:
    return parse_contract_datetime(record.source_modified_date) if record.source_modified_date else None
