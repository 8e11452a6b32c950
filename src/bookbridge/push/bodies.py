"""From the bytes that an application sent to a typed record, with a readable finding for every field that is wrong.

What the vendor demands beyond the record's shape is `validation`'s business; the database is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import msgspec

from bookbridge.accounting.data_type import SUBMISSION_DEPTH_MAX
from bookbridge.accounting.fields import Field, Kind, fields_of
from bookbridge.accounting.money import is_plain
from bookbridge.accounting.records import Record
from bookbridge.connectors.kit.connector import Write
from bookbridge.push.errors import MalformedBody
from bookbridge.push.fields import read_only, write_fields
from bookbridge.push.findings import Findings

BODY_SIZE_MAX_BYTES: Final = 4 * 1024 * 1024

_EXACT_DECODER = msgspec.json.Decoder(float_hook=Decimal)

_LOCATED = re.compile(r"(?P<what>.*) - at `\$\.?(?P<path>.*)`", re.DOTALL)

_EXPECTED: Final = {
    Kind.STRING: "must be text",
    Kind.NUMBER: "must be a number (not in quotes)",
    Kind.DATE: "must be a date such as 2026-01-31 or 2026-01-31T00:00:00Z",
    Kind.BOOL: "must be true or false",
    Kind.MAP: "must be an object",
    Kind.OBJECT: "must be an object",
}


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in the body, numbers as int and Decimal, every digit kept. Raises MalformedBody."""
    if len(body) > BODY_SIZE_MAX_BYTES:
        raise MalformedBody(f"A record may have at most {BODY_SIZE_MAX_BYTES} bytes.")
    try:
        content = _EXACT_DECODER.decode(body)
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
        raise MalformedBody(f"The body is not valid JSON ({str(error)[:200]}).") from error
    if not isinstance(content, dict):
        raise MalformedBody("The body is not a JSON object.")
    if not _is_shallow(content):
        raise MalformedBody(f"A record may be nested at most {SUBMISSION_DEPTH_MAX} levels deep.")
    return content


def _is_shallow(content: dict[str, Any]) -> bool:
    """Whether everybody who walks through the content level by level comes to its end."""
    level: list[Any] = [content]
    for _ in range(SUBMISSION_DEPTH_MAX):
        inner = [one.values() if isinstance(one, dict) else one for one in level]
        level = [value for values in inner for value in values if isinstance(value, (dict, list))]
        if not level:
            return True
    return False


def record_of(write: Write[Any], body: bytes | str) -> Record:
    """The record of a body that was accepted before. Raises MalformedBody or msgspec.ValidationError otherwise."""
    content = parse(body.encode() if isinstance(body, str) else body)
    record: Record = write.data_type.convert_submission(_writable(write, content))
    return record


def checked_record(write: Write[Any], content: dict[str, Any], findings: Findings) -> Record | None:
    """The record in a parsed body, or None with an error for each field that keeps it from being one."""
    errors_before = len(findings.errors)
    try:
        record: Record = write.data_type.convert_submission(_writable(write, content))
        return record
    except msgspec.ValidationError as error:
        # The library stops at the first fault and names no list positions: look again, for people.
        _shape_errors(_writable(write, content), write.data_type.record, "", findings)
        if len(findings.errors) == errors_before:
            _library_error(str(error), findings)
        return None


def warn_of_ignored(write: Write[Any], content: dict[str, Any], findings: Findings) -> None:
    """A warning for each field that was sent and will not be written: read-only, unknown, or not taken."""
    for name in content:
        if name in read_only(write):
            findings.warn(name, f"{name} is read-only and was ignored.")
    fields = write_fields(write)
    reported: set[str] = set()
    for path, plain_path, is_known in _sent(_writable(write, content), write.data_type.record, "", ""):
        if plain_path in reported or (is_known and fields.concern(plain_path)):
            continue
        reported.add(plain_path)
        if is_known:
            findings.warn(path, f"{plain_path} is not written on this platform and was ignored.")
        else:
            findings.warn(path, f"{plain_path} is not a field of a {write.data_type.singular} and was ignored.")


def _writable(write: Write[Any], content: dict[str, Any]) -> dict[str, Any]:
    """The body without what only the platform or we decide."""
    ignored = read_only(write)
    return {name: value for name, value in content.items() if name not in ignored}


def _sent(
    content: dict[str, Any], struct: type[msgspec.Struct], prefix: str, plain_prefix: str
) -> Iterator[tuple[str, str, bool]]:
    """Each innermost field that was sent: its path, its path without positions, and whether it exists."""
    fields = {field.json_name: field for field in fields_of(struct)}
    for name, value in content.items():
        path, plain_path = f"{prefix}{name}", f"{plain_prefix}{name}"
        field = fields.get(name)
        if value is None:
            continue
        if field is None or field.struct is None:
            yield path, plain_path, field is not None
        elif isinstance(value, dict):
            yield from _sent(value, field.struct, f"{path}.", f"{plain_path}.")
        elif isinstance(value, list):
            for place, entry in enumerate(value):
                if isinstance(entry, dict):
                    yield from _sent(entry, field.struct, f"{path}[{place}].", f"{plain_path}.")


def _library_error(text: str, findings: Findings) -> None:
    """An error in the decoder's words, under the field that it names."""
    located = _LOCATED.fullmatch(text)
    findings.error(located["path"] if located else "", f"{located['what']}." if located else text)


def _shape_errors(content: dict[str, Any], struct: type[msgspec.Struct], prefix: str, findings: Findings) -> None:
    types = {field.encode_name: field.type for field in msgspec.structs.fields(struct)}
    for field in fields_of(struct):
        path = f"{prefix}{field.json_name}"
        value = content.get(field.json_name)
        if value is None:
            if field.required:
                findings.error(path, f"{path} is required.")
        elif field.is_list and not isinstance(value, list):
            findings.error(path, f"{path} must be a list.")
        elif field.struct is not None:
            entries = (
                [(f"{path}[{place}]", entry) for place, entry in enumerate(value)] if field.is_list else [(path, value)]
            )
            _object_errors(entries, field.struct, findings)
        else:
            _value_errors(field, types[field.json_name], path, value, findings)


def _object_errors(entries: list[tuple[str, Any]], struct: type[msgspec.Struct], findings: Findings) -> None:
    for path, entry in entries:
        if isinstance(entry, dict):
            _shape_errors(entry, struct, f"{path}.", findings)
        else:
            findings.error(path, f"{path} must be an object.")


def _value_errors(field: Field, expected: Any, path: str, value: Any, findings: Findings) -> None:
    number = Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(number, Decimal) and field.kind is Kind.NUMBER and not is_plain(number):
        findings.error(path, f"{path} is a number outside the limits.")
        return
    try:
        msgspec.convert(number, expected, builtin_types=(Decimal,))
    except msgspec.ValidationError:
        if field.kind is Kind.ENUM:
            findings.error(path, f"{path} must be one of {', '.join(field.words)}.")
        else:
            findings.error(path, f"{path} {_EXPECTED[field.kind]}.")
