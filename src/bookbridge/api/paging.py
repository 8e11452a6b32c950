"""Lists: page, pageSize, query and orderBy in; one page with its links out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

import msgspec

from bookbridge.accounting.data_type import MODIFIED_DATE
from bookbridge.api.bodies import AnyRequest, encode
from bookbridge.api.parameters import integer, pairs
from bookbridge.store.query import Compiled, Order, Property, compile_query, order_of

PAGE_SIZE_DEFAULT: Final = 100
PAGE_SIZE_MAX: Final = 5_000
PAGE_MAX: Final = 10_000_000
OWN: Final = frozenset({"page", "pagesize"})


class Href(msgspec.Struct, frozen=True):
    """A link, relative to the server."""

    href: str
    """The address."""


class Links(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Addresses of this list. `self` stands without the query string, the others with it."""

    self_: Href = msgspec.field(name="self")
    """The list."""
    current: Href
    """This page."""
    next: Href | None = None
    """The page after it, where there is one."""
    previous: Href | None = None
    """The page before it, where there is one."""


@dataclass(frozen=True)
class Paging:
    """Which page the caller wants, counted from 1, and what else its query string says."""

    path: str
    page: int
    page_size: int
    query: str
    order_by: str
    tags: str
    carried: str
    """Further parameters that links carry on, encoded, each after its `&`."""

    @property
    def offset(self) -> int:
        """How many results stand before the page."""
        return (self.page - 1) * self.page_size

    def condition(self, properties: Mapping[str, Property], *, of: str, first: int) -> Compiled | None:
        """The compiled `query`, if there is one. Raises QueryError."""
        return compile_query(self.query, properties, of=of, first=first) if self.query.strip() else None

    def order(self, properties: Mapping[str, Property], *, of: str) -> str | None:
        """The `orderBy`, if there is one, compiled to an ORDER BY item. Raises QueryError."""
        order = self.ordering(properties, of=of)
        return order.sql if order else None

    def ordering(self, properties: Mapping[str, Property], *, of: str) -> Order | None:
        """The `orderBy`, if there is one. Raises QueryError."""
        wanted = self.order_by.strip()
        # Published samples order every list by it, also lists that have no such field: those stay in their own order.
        if not wanted or (wanted.lstrip("-") == MODIFIED_DATE and MODIFIED_DATE not in properties):
            return None
        return order_of(wanted, properties, of=of)

    def tail(self, total: int) -> bytes:
        """What follows the results in the answer's body, from the comma on."""
        links = Links(
            self_=Href(self.path),
            current=Href(self._href(self.page)),
            next=Href(self._href(self.page + 1)) if self.page * self.page_size < total else None,
            previous=Href(self._href(self.page - 1)) if self.page > 1 else None,
        )
        return b',"pageNumber":%d,"pageSize":%d,"totalResults":%d,"_links":%b}' % (
            self.page,
            self.page_size,
            total,
            encode(links),
        )

    def _href(self, page: int) -> str:
        return f"{self.path}?page={page}&pageSize={self.page_size}{self.carried}"


def paging_of(request: AnyRequest) -> Paging:
    """What a request's query string asks for. Raises ApiError 400 for numbers out of range."""
    return paging_at(request.scope["path"], request.scope["query_string"])


def paging_at(path: str, query_string: bytes) -> Paging:
    """What a query string asks for. Raises ApiError 400 for numbers out of range."""
    found = pairs(query_string)
    given = {name.lower(): value for name, value in found}
    others = [(name, value) for name, value in found if name.lower() not in OWN]
    return Paging(
        path=quote(path),
        page=integer(given, "page", 1, at_least=1, at_most=PAGE_MAX) or 1,
        page_size=integer(given, "pageSize", PAGE_SIZE_DEFAULT, at_least=1, at_most=PAGE_SIZE_MAX) or 1,
        query=given.get("query", ""),
        order_by=given.get("orderby", ""),
        tags=given.get("tags", ""),
        carried=f"&{urlencode(others, quote_via=quote)}" if others else "",
    )


def page_of_texts(paging: Paging, bodies: Sequence[str], total: int) -> bytes:
    """The page as JSON, joined from results that are JSON texts already."""
    return b'{"results":[' + ",".join(bodies).encode() + b"]" + paging.tail(total)


def page_of_values(paging: Paging, values: Sequence[object], total: int) -> bytes:
    """The page as JSON, of values still to be encoded."""
    return b'{"results":' + encode(values) + paging.tail(total)
