"""Ids in paths and parameters in the query string.

An id that is no UUID names nothing, so it gets the same 404 as an unknown one. Parameter names are read whatever
their case; unknown parameters are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl
from uuid import UUID

from bookbridge.api.bodies import AnyRequest
from bookbridge.api.errors import CLIENTS, ApiError, not_found

QUERY_STRING_LENGTH_MAX: Final = 16_384
PARAMETERS_MAX: Final = 50
ID_LENGTH_SHOWN: Final = 100


def company_id_of(text: str) -> UUID:
    """Raises ApiError 404."""
    return _uuid(text, "No company was found with ID {}")


def connection_id_of(text: str) -> UUID:
    """Raises ApiError 404."""
    return _uuid(text, "Data connection {} not found")


def id_of(text: str, what: str) -> UUID:
    """The id of a thing called `what` in the message. Raises ApiError 404."""
    return _uuid(text, f"No {what} was found with ID {{}}")


def record_id_of(text: str) -> str:
    """A record's id, as the vendor gave it. Raises ApiError 400 for text that no database keeps."""
    if "\x00" in text:
        raise ApiError(400, "An id may not contain the character NUL.")
    return text


def parameters(request: AnyRequest) -> dict[str, str]:
    """The query parameters by name in lower case; of repeated ones the last. Raises ApiError 400."""
    raw: bytes = request.scope["query_string"]
    if not raw:
        return {}
    return {name.lower(): value for name, value in pairs(raw)}


def pairs(raw: bytes) -> list[tuple[str, str]]:
    """The parameters of a query string in their order. Raises ApiError 400."""
    if len(raw) > QUERY_STRING_LENGTH_MAX:
        raise ApiError(400, f"A query string may have at most {QUERY_STRING_LENGTH_MAX} characters.")
    try:
        found = parse_qsl(raw.decode("ascii"), keep_blank_values=True, max_num_fields=PARAMETERS_MAX, errors="strict")
    except ValueError as error:
        raise ApiError(400, "The query string is not valid.") from error
    if any("\x00" in value for _, value in found):
        raise ApiError(400, "A parameter may not contain the character NUL.")
    return found


def boolean(given: Mapping[str, str], name: str, default: bool) -> bool:
    """A parameter that is `true` or `false`. Raises ApiError 400."""
    text = given.get(name.lower(), "").lower()
    if text not in ("", "true", "false"):
        raise ApiError(400, f"{name} is true or false.", fields=[(name, "true or false")])
    return text == "true" if text else default


def integer(given: Mapping[str, str], name: str, default: int | None, *, at_least: int, at_most: int) -> int | None:
    """A whole number within its limits. Raises ApiError 400."""
    text = given.get(name.lower(), "")
    if not text:
        return default
    # isdecimal also takes other scripts' digits, and int() takes underscores.
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and at_least <= int(text) <= at_most):
        message = f"{name} is a whole number from {at_least} to {at_most}."
        raise ApiError(400, message, fields=[(name, message)])
    return int(text)


def optional_connection_id(given: Mapping[str, str]) -> UUID | None:
    """The parameter `connectionId`. Raises ApiError 404."""
    text = given.get("connectionid", "")
    return connection_id_of(text) if text else None


def _uuid(text: str, message: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise not_found(message.format(text[:ID_LENGTH_SHOWN]), CLIENTS) from None
