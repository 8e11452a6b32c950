"""The contract's query language, compiled to SQL with bound values.

    expression := and ( '||' and )*
    and        := unit ( '&&' unit )*
    unit       := '{' expression '}' | property operator value | property 'in' '(' value ( ',' value )* ')'
    operator   := '=' | '!=' | '~' | '>=' | '<=' | '>' | '<'
    value      := '"' text, a quote in it doubled '"' | raw text up to the next '&&', '||' or '}'

`&&` binds tighter than `||`. Beyond the contract: `in`, values in quotes (which may hold `&&`, `||`, `}`, and in a list
`,` and `)`), and the bare word `null`, which with `=` and `!=` asks whether a property is missing; `"null"` is the word
itself. A quote that does not begin and end a value is text like any other.

Only properties that the caller lists can be named, and a value never becomes SQL text, so there is nothing to inject
into. This module knows tables only through the SQL expressions it is handed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum

QUERY_LENGTH_MAX = 2047
CONDITIONS_MAX = 64
NESTING_MAX = 16


class QueryError(ValueError):
    """A query or order that cannot be understood; the message names the position or the property."""


class Kind(StrEnum):
    """What a property holds, which decides the operators that it takes."""

    STRING = "string"
    NUMBER = "number"
    DATE = "date"
    BOOL = "bool"


@dataclass(frozen=True)
class Property:
    """A property that may be queried: its kind and the SQL expression that yields it (trusted text)."""

    kind: Kind
    sql: str
    among: str | None = None
    """For a property of the elements of a list: `select from … where <belongs to the row>`. A condition then holds
    when some element meets it; `!=` when no element equals the value."""
    folded: bool = False
    """The SQL yields text in lower case already."""
    nullable: bool = True
    """Whether some row may lack it."""
    indexed: bool = False
    """Whether rows can be read in its order without sorting them."""


@dataclass(frozen=True)
class Order:
    """What a list is ordered by; rows that lack it come last either way."""

    by: Property
    descending: bool

    @property
    def direction(self) -> str:
        """`asc` or `desc`."""
        return "desc" if self.descending else "asc"

    @property
    def sql(self) -> str:
        """The ORDER BY item."""
        return f"{self.by.sql} {self.direction} nulls last"


@dataclass(frozen=True)
class Compiled:
    """A condition for a WHERE clause; placeholders count on from the `first` given to `compile_query`."""

    sql: str
    arguments: tuple[object, ...]


OPERATORS: dict[Kind, frozenset[str]] = {
    Kind.STRING: frozenset({"=", "!=", "~"}),
    Kind.NUMBER: frozenset({"=", "!=", ">", "<", ">=", "<="}),
    Kind.DATE: frozenset({"=", "!=", ">", "<", ">=", "<="}),
    Kind.BOOL: frozenset({"=", "!="}),
}
_NAME = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\s*")
_OPERATOR = re.compile(r"!=|>=|<=|=|~|>|<|in(?=\s*\()", re.IGNORECASE)
_VALUE_END = re.compile(r"&&|\|\||\}")
_LISTED_END = re.compile(r"[,)]")
_QUOTED = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?=&&|\|\||\}|$)')
_LISTED_QUOTED = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?=[,)])')
_NULL = "null"


def compile_query(text: str, properties: Mapping[str, Property], *, of: str, first: int) -> Compiled:
    """Compile `text` for a table whose queryable `properties` are given; `of` names the thing in messages.

    Property names are matched without regard to case. Raises QueryError.
    """
    if len(text) > QUERY_LENGTH_MAX:
        raise QueryError(f"Error parsing query - A query may have at most {QUERY_LENGTH_MAX} characters.")
    return _Compiler(text, {name.lower(): value for name, value in properties.items()}, of, first).compile()


def compile_order(text: str, properties: Mapping[str, Property], *, of: str) -> str:
    """Compile the contract's `orderBy` (`field` or `-field`) to an ORDER BY item. Raises QueryError."""
    return order_of(text, properties, of=of).sql


def order_of(text: str, properties: Mapping[str, Property], *, of: str) -> Order:
    """Understand the contract's `orderBy` (`field` or `-field`). Raises QueryError."""
    name = text.strip()
    descending = name.startswith("-")
    found = {key.lower(): value for key, value in properties.items()}.get(name.removeprefix("-").lower())
    if found is None:
        raise QueryError(f"Error parsing orderBy - Could not resolve property {name.removeprefix('-')} on {of}")
    return Order(found, descending)


@dataclass(frozen=True)
class _Value:
    text: str
    quoted: bool
    place: int
    """Where it begins, counted from 0."""

    @property
    def is_null(self) -> bool:
        return not self.quoted and self.text.lower() == _NULL


class _Compiler:
    def __init__(self, text: str, properties: Mapping[str, Property], of: str, first: int) -> None:
        self.text = text
        self.properties = properties
        self.of = of
        self.first = first
        self.position = 0
        self.arguments: list[object] = []
        self.conditions = 0

    def compile(self) -> Compiled:
        sql = self._expression(depth=0)
        if self.position < len(self.text):
            raise self._malformed(f"unexpected '{self.text[self.position]}'")
        return Compiled(sql, tuple(self.arguments))

    def _expression(self, depth: int) -> str:
        if depth > NESTING_MAX:
            raise self._malformed(f"more than {NESTING_MAX} nested braces")
        alternatives = [self._conjunction(depth)]
        while self._take("||"):
            alternatives.append(self._conjunction(depth))
        return alternatives[0] if len(alternatives) == 1 else f"({' or '.join(alternatives)})"

    def _conjunction(self, depth: int) -> str:
        terms = [self._unit(depth)]
        while self._take("&&"):
            terms.append(self._unit(depth))
        return terms[0] if len(terms) == 1 else f"({' and '.join(terms)})"

    def _unit(self, depth: int) -> str:
        if self._take("{"):
            inner = self._expression(depth + 1)
            if not self._take("}"):
                raise self._malformed("a '}' is missing")
            return inner
        return self._condition()

    def _condition(self) -> str:
        self.conditions += 1
        if self.conditions > CONDITIONS_MAX:
            raise self._malformed(f"more than {CONDITIONS_MAX} conditions")
        name = _NAME.match(self.text, self.position)
        if name is None:
            raise self._malformed("a property name is expected")
        self.position = name.end()
        operator = _OPERATOR.match(self.text, self.position)
        if operator is None:
            raise self._malformed("an operator is expected")
        self.position = operator.end()
        symbol, place = operator.group().lower(), operator.start()
        values = self._list() if symbol == "in" else [self._value(_QUOTED, _VALUE_END)]
        found = self.properties.get(name.group(1).lower())
        if found is None:
            raise QueryError(f"Error parsing query - Could not resolve property {name.group(1)} on {self.of}")
        if symbol == "in":
            # Each value counts, or a list would be a way around the limit.
            self.conditions += len(values) - 1
            if self.conditions > CONDITIONS_MAX:
                raise self._malformed(f"more than {CONDITIONS_MAX} conditions")
            symbol = "="
        if symbol not in OPERATORS[found.kind]:
            raise QueryError(
                f"Error parsing query - Operator {symbol} does not apply to {name.group(1)}, "
                f"which is a {found.kind.value}, at character {place + 1}."
            )
        terms = [self._term(name.group(1), found, symbol, value) for value in values]
        return terms[0] if len(terms) == 1 else f"({' or '.join(terms)})"

    def _list(self) -> list[_Value]:
        self._take("(")
        values = [self._value(_LISTED_QUOTED, _LISTED_END)]
        while self._take(","):
            values.append(self._value(_LISTED_QUOTED, _LISTED_END))
        if not self._take(")"):
            raise self._malformed("a ')' is missing")
        return values

    def _value(self, quoted: re.Pattern[str], ends: re.Pattern[str]) -> _Value:
        self._skip_spaces()
        place = self.position
        match = quoted.match(self.text, place)
        if match is not None:
            self.position = match.end()
            return _Value(match.group(1).replace('""', '"'), quoted=True, place=place)
        end = ends.search(self.text, self.position)
        stop = end.start() if end else len(self.text)
        text = self.text[self.position : stop].strip()
        if not text:
            raise self._malformed("a value is expected")
        self.position = stop
        return _Value(text, quoted=False, place=place)

    def _term(self, name: str, found: Property, operator: str, value: _Value) -> str:
        if found.among is None:
            return self._comparison(name, found, operator, value)
        if operator == "!=":
            return f"not exists ({found.among} and {self._comparison(name, found, '=', value)})"
        return f"exists ({found.among} and {self._comparison(name, found, operator, value)})"

    def _comparison(self, name: str, found: Property, operator: str, value: _Value) -> str:
        sql = found.sql
        if value.is_null and operator in {"=", "!="}:
            return f"{sql} is {'not ' if operator == '!=' else ''}null"
        if found.kind is Kind.STRING:
            # Documented samples compare enum values in lower case, so case never matters.
            placeholder, folded = self._bind(value.text), sql if found.folded else f"lower({sql})"
            if operator == "~":
                return f"position(lower({placeholder}::text) in {folded}) > 0"
            return f"{folded} {_equality(operator)} lower({placeholder}::text)"
        if found.kind is Kind.BOOL:
            return f"{sql} {_equality(operator)} {self._bind(_boolean(name, value))}::boolean"
        if found.kind is Kind.NUMBER:
            return f"{sql} {_equality(operator)} {self._bind(_number(name, value))}::numeric"
        moment, until = _moment(name, value)
        if until is not None and operator in {"=", "!="}:
            # A range rather than a cast to a date: an index on the property serves it.
            day = f"{sql} >= {self._bind(moment)}::timestamptz and {sql} < {self._bind(until)}::timestamptz"
            return f"({day})" if operator == "=" else f"({day}) is not true"
        return f"{sql} {_equality(operator)} {self._bind(moment)}::timestamptz"

    def _bind(self, value: object) -> str:
        self.arguments.append(value)
        return f"${self.first + len(self.arguments) - 1}"

    def _skip_spaces(self) -> None:
        while self.position < len(self.text) and self.text[self.position].isspace():
            self.position += 1

    def _take(self, token: str) -> bool:
        self._skip_spaces()
        if self.text.startswith(token, self.position):
            self.position += len(token)
            return True
        return False

    def _malformed(self, why: str) -> QueryError:
        return QueryError(f"Error parsing query - Malformed query: {why} at character {self.position + 1}.")


def _boolean(name: str, value: _Value) -> bool:
    if value.text.lower() not in {"true", "false"}:
        raise _not_compared(name, value, "true or false")
    return value.text.lower() == "true"


def _number(name: str, value: _Value) -> Decimal:
    try:
        number = Decimal(value.text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > 100:
        raise _not_compared(name, value, "a number")
    return number


def _moment(name: str, value: _Value) -> tuple[datetime, datetime | None]:
    """The moment and, if only a date was given, the end of its day."""
    try:
        if len(value.text) == len("2026-01-31"):
            day = date.fromisoformat(value.text)
            moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
            return moment, moment + timedelta(days=1)
        moment = datetime.fromisoformat(value.text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC), None
    except (ValueError, OverflowError):
        raise _not_compared(name, value, "a date such as 2026-01-31") from None


def _not_compared(name: str, value: _Value, kind: str) -> QueryError:
    return QueryError(
        f"Error parsing query - {name} is compared with {kind}, not '{value.text}', at character {value.place + 1}."
    )


def _equality(operator: str) -> str:
    # A missing property is a value like any other: `status != Paid` keeps records without a status.
    return {"=": "=", "!=": "is distinct from"}.get(operator, operator)
