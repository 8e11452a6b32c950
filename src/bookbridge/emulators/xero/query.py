"""The vendor's ``where`` and ``order`` languages, compiled to predicates and sort keys over records.

Supported: ``== != > >= < <=``, ``AND && OR ||``, ``!``, parentheses, ``DateTime(y,m,d[,h,m,s])``,
``DateTime.Parse("…")``, ``Guid("…")``, text, numbers, ``true false null``, ``.Contains .StartsWith
.EndsWith .ToLower .ToUpper``, dotted fields. As with the vendor, comparing values of different types is
an error, not false. It must not evaluate anything it has not parsed: no ``eval``.
"""

from __future__ import annotations

import datetime as dt
import operator
import re
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from bookbridge.emulators.xero.clock import Millis
from bookbridge.emulators.xero.records import Record
from bookbridge.emulators.xero.tables import normal_id
from bookbridge.emulators.xero.wire import date_ms, parse_moment

MAX_WHERE_CHARS = 4_000
_MAX_DEPTH = 50

Predicate = Callable[[Any], bool]
_Getter = Callable[[Any], Any]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>-?\d+(?:\.\d+)?)
    | (?P<text>"(?:[^"\\]|\\.)*")
    | (?P<operator>==|!=|>=|<=|&&|\|\||[<>=!(),.])
    | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    )""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": str.startswith,
    "endswith": str.endswith,
    "equals": operator.eq,
}
_TEXT_CHANGES: dict[str, Callable[[str], str]] = {
    "tolower": str.lower,
    "toupper": str.upper,
    "tostring": str,
    "trim": str.strip,
}


class QueryError(Exception):
    """The filter or order cannot be understood; the text says why."""


class _Value(msgspec.Struct):
    """A typed expression: ``kind`` is Text, Guid, Number, DateTime, Boolean, Null or Record."""

    kind: str
    get: _Getter
    constant: bool = False


def compile_where(text: str, kind: type[Record]) -> Predicate:
    """The predicate that ``text`` means for records of ``kind``. Raises QueryError."""
    if len(text) > MAX_WHERE_CHARS:
        raise QueryError("The filter is too long")
    return _Parser(text, kind).parse()


def compile_order(text: str, kind: type[Record]) -> list[tuple[_Getter, bool]]:
    """Sort keys, most significant first, each with whether it descends. Raises QueryError."""
    keys: list[tuple[_Getter, bool]] = []
    for clause in text.split(","):
        words = clause.split()
        if not words or len(words) > 2:
            raise QueryError(f"The order '{clause.strip()}' could not be read")
        direction = words[1].upper() if len(words) == 2 else "ASC"
        if direction not in {"ASC", "DESC", "ASCENDING", "DESCENDING"}:
            raise QueryError(f"'{words[1]}' is not a direction")
        keys.append((_sortable(field_value(words[0].split("."), kind).get), direction.startswith("DESC")))
    return keys


def sort_records(records: list[Any], keys: list[tuple[_Getter, bool]]) -> list[Any]:
    """``records`` sorted by ``keys``; equal ones keep their order."""
    for get, descending in reversed(keys):
        records = sorted(records, key=get, reverse=descending)
    return records


def _sortable(get: _Getter) -> _Getter:
    def key(record: Any) -> Any:
        value = get(record)
        return (0, "") if value is None else (1, value)

    return key


def field_value(path: list[str], kind: type[Any]) -> _Value:
    """The typed reader of a dotted field of ``kind``; a null on the way reads as null. Raises QueryError."""
    names: list[str] = []
    current: Any = kind
    for step in path:
        if not (isinstance(current, type) and issubclass(current, msgspec.Struct)):
            raise QueryError(f"No property or field '{step}' exists")
        found = _fields_of(current).get(step.casefold())
        if found is None:
            raise QueryError(f"No property or field '{step}' exists in type '{current.__name__}'")
        name, current = found
        names.append(name)
    if len(names) == 1:
        get: _Getter = operator.attrgetter(names[0])
    else:
        get = _safe_chain(names)
    return _typed(current, path[-1], get)


def _typed(annotation: Any, name: str, get: _Getter) -> _Value:
    if annotation is dt.date:
        return _Value("DateTime", lambda record: None if (day := get(record)) is None else date_ms(day))
    if annotation is Millis:
        return _Value("DateTime", get)
    if annotation is bool:
        return _Value("Boolean", get)
    if annotation is Decimal or annotation is int:
        return _Value("Number", get)
    if annotation is str:
        return _Value("Guid" if name.casefold().endswith("id") else "Text", get)
    return _Value("Record", get)


def _safe_chain(names: list[str]) -> _Getter:
    def get(record: Any) -> Any:
        for name in names:
            record = getattr(record, name)
            if record is None:
                return None
        return record

    return get


_FIELDS: dict[type[Any], dict[str, tuple[str, Any]]] = {}


def _fields_of(kind: type[msgspec.Struct]) -> dict[str, tuple[str, Any]]:
    """Wire name, case-folded, to attribute and plain type (without None)."""
    if kind not in _FIELDS:
        hints = typing.get_type_hints(kind, localns=_postings_are_private())
        _FIELDS[kind] = {
            wire.casefold(): (name, _without_none(hints[name]))
            for name, wire in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True)
            if name != "postings"
        }
    return _FIELDS[kind]


def _postings_are_private() -> dict[str, Any]:
    return {"Posting": object}


def _without_none(annotation: Any) -> Any:
    if isinstance(annotation, types.UnionType):
        return next(part for part in typing.get_args(annotation) if part is not type(None))
    return annotation


class _Parser:
    """Recursive descent over the tokens of one filter."""

    def __init__(self, text: str, kind: type[Record]) -> None:
        self.kind = kind
        self.tokens: list[tuple[str, str]] = []
        self.at = 0
        self.depth = 0
        position = 0
        text = text.strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise QueryError(f"Syntax error at position {position}")
            self.tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()

    def parse(self) -> Predicate:
        if not self.tokens:
            return lambda _: True
        predicate = self._any()
        if self.at < len(self.tokens):
            raise QueryError(f"Syntax error near '{self.tokens[self.at][1]}'")
        return predicate

    def _peek(self) -> str:
        return self.tokens[self.at][1] if self.at < len(self.tokens) else ""

    def _take(self, expected: str | None = None) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise QueryError("Expression expected")
        token = self.tokens[self.at]
        if expected is not None and token[1] != expected:
            raise QueryError(f"'{expected}' expected near '{token[1]}'")
        self.at += 1
        return token

    def _any(self) -> Predicate:
        parts = [self._all()]
        while self._peek().upper() in {"OR", "||", "ORELSE"}:
            self.at += 1
            parts.append(self._all())
        if len(parts) == 1:
            return parts[0]
        return lambda record: any(part(record) for part in parts)

    def _all(self) -> Predicate:
        parts = [self._one()]
        while self._peek().upper() in {"AND", "&&", "ANDALSO"}:
            self.at += 1
            parts.append(self._one())
        if len(parts) == 1:
            return parts[0]
        return lambda record: all(part(record) for part in parts)

    def _one(self) -> Predicate:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise QueryError("The filter is nested too deeply")
        try:
            if self._peek() == "!" or self._peek().upper() == "NOT":
                self.at += 1
                inner = self._one()
                return lambda record: not inner(record)
            if self._peek() == "(":
                self._take("(")
                group = self._any()
                self._take(")")
                return group
            return self._comparison()
        finally:
            self.depth -= 1

    def _comparison(self) -> Predicate:
        left = self._value()
        if self._peek() not in _COMPARE:
            if left.kind != "Boolean":
                raise QueryError("Expression of type 'Boolean' expected")
            truth = left.get
            return lambda record: bool(truth(record))
        symbol = self._take()[1]
        return _compare(left, symbol, self._value())

    def _value(self) -> _Value:
        kind, text = self._take()
        if kind == "number":
            number = Decimal(text)
            return _Value("Number", lambda _: number, constant=True)
        if kind == "text":
            literal = re.sub(r"\\(.)", r"\1", text[1:-1])
            return _Value("Text", lambda _: literal, constant=True)
        if kind != "word":
            raise QueryError(f"Syntax error near '{text}'")
        word = text.casefold()
        if word in {"true", "false"}:
            return _Value("Boolean", lambda _: word == "true", constant=True)
        if word == "null":
            return _Value("Null", lambda _: None, constant=True)
        if word == "guid" and self._peek() in {"(", "."}:
            return self._guid()
        if word == "datetime" and self._peek() in {"(", "."}:
            return self._datetime()
        return self._field(text)

    def _guid(self) -> _Value:
        if self._peek() == ".":
            self._take(".")
            self._take()
        (argument,) = self._arguments("text", 1, 1)
        value = normal_id(argument[1:-1])
        if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value):
            raise QueryError(f"'{value}' is not a Guid")
        return _Value("Guid", lambda _: value, constant=True)

    def _datetime(self) -> _Value:
        if self._peek() == ".":
            self._take(".")
            self._take()
            (argument,) = self._arguments("text", 1, 1)
            moment = parse_moment(argument[1:-1])
            if moment is None:
                raise QueryError(f"{argument} is not a date")
            return _Value("DateTime", lambda _: moment, constant=True)
        numbers = [int(Decimal(part)) for part in self._arguments("number", 3, 6)]
        try:
            parsed = dt.datetime(*numbers, tzinfo=dt.UTC)  # type: ignore[misc,arg-type]
        except (ValueError, OverflowError):
            raise QueryError("Not a valid DateTime") from None
        milliseconds = int(parsed.timestamp()) * 1000
        return _Value("DateTime", lambda _: milliseconds, constant=True)

    def _arguments(self, kind: str, least: int, most: int) -> list[str]:
        self._take("(")
        found: list[str] = []
        while True:
            token_kind, text = self._take()
            if token_kind != kind:
                raise QueryError(f"Unexpected argument '{text}'")
            found.append(text)
            if self._peek() != ",":
                break
            self._take(",")
        self._take(")")
        if not least <= len(found) <= most:
            raise QueryError("Wrong number of arguments")
        return found

    def _field(self, first: str) -> _Value:
        path = [first]
        while self._peek() == ".":
            self._take(".")
            kind, word = self._take()
            if kind != "word":
                raise QueryError(f"Identifier expected near '{word}'")
            if self._peek() == "(":
                return self._method(field_value(path, self.kind), word)
            path.append(word)
        return field_value(path, self.kind)

    def _method(self, target: _Value, name: str) -> _Value:
        method = name.casefold()
        get = target.get
        if method in _TEXT_CHANGES:
            self._take("(")
            self._take(")")
            change = _TEXT_CHANGES[method]
            result = _Value("Text", lambda r: None if (v := get(r)) is None else change(v))
            if self._peek() == ".":
                self._take(".")
                return self._method(result, self._take()[1])
            return result
        test = _TEXT_TESTS.get(method)
        if test is None or target.kind != "Text":
            raise QueryError(f"No applicable method '{name}' exists in type '{target.kind}'")
        (argument,) = self._arguments("text", 1, 1)
        wanted = re.sub(r"\\(.)", r"\1", argument[1:-1])
        return _Value("Boolean", lambda r: (v := get(r)) is not None and test(v, wanted))


def _compare(left: _Value, symbol: str, right: _Value) -> Predicate:
    compare = _COMPARE[symbol]
    if "Null" in {left.kind, right.kind}:
        if symbol not in {"==", "=", "!="}:
            raise QueryError(f"Operator '{symbol}' cannot be applied to null")
    elif left.kind != right.kind or "Record" in {left.kind, right.kind}:
        raise QueryError(f"Operator '{symbol}' incompatible with operand types '{left.kind}' and '{right.kind}'")
    if left.constant and not right.constant:
        return _mixed(right.get, left.get(None), lambda a, b: compare(b, a), symbol)
    if right.constant:
        return _mixed(left.get, right.get(None), compare, symbol)
    get_left, get_right = left.get, right.get

    def both(record: Any) -> bool:
        a, b = get_left(record), get_right(record)
        if a is None or b is None:
            return (a is b) == (symbol in {"==", "="}) if symbol in {"==", "=", "!="} else False
        return compare(a, b)

    return both


def _mixed(get: _Getter, constant: Any, compare: Callable[[Any, Any], bool], symbol: str) -> Predicate:
    """Field against constant: the common case, kept to one call. A null is only unequal, never ordered."""
    if symbol in {"==", "=", "!="}:
        return lambda record: compare(get(record), constant)
    return lambda record: (value := get(record)) is not None and compare(value, constant)
