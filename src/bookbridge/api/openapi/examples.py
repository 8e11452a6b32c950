"""Examples of bodies, drawn from their schemas: what a body looks like, for people.

The values are plain and always the same; they are no promise of what a platform says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bookbridge.api.openapi.schemas import DATE_TIME, REF, Schema

UNKNOWN: Final = "Unknown"
_BY_NAME: Final[Mapping[str, Any]] = {
    "currency": "GBP",
    "country": "United Kingdom",
    "email": "ada@example.com",
    "emailAddress": "ada@example.com",
    "dataType": "bills",
    "platformKey": "mqjo",
    "url": "https://app.example.com/webhooks",
    "modifiedDate": "2026-01-05T09:00:00.0000000Z",
    "sourceModifiedDate": "2026-01-05T09:00:00.0000000Z",
    "isDeleted": False,
}
_BY_FORMAT: Final[Mapping[str, str]] = {
    "uuid": "7b0c9b0e-6a0e-4d0c-9d55-0d4f6c1f2a3b",
    "date-time": "2026-01-05T09:00:00.0000000Z",
    "binary": "",
}
_DAY: Final = "2026-01-05T00:00:00"


def example(schema: Schema, components: Mapping[str, Schema], name: str = "", within: tuple[str, ...] = ()) -> Any:
    """An example of the schema, as the value that its JSON would hold. A structure that holds itself ends where it
    comes back; `name` is that of the field, and `within` the components around it."""
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        called = schema["$ref"].removeprefix(REF)
        if called == DATE_TIME:
            return _BY_NAME.get(name, _DAY)
        return None if called in within else example(components[called], components, name, (*within, called))
    if "anyOf" in schema:
        return example(schema["anyOf"][0], components, name, within)
    if "enum" in schema:
        return next((word for word in schema["enum"] if word != UNKNOWN), schema["enum"][0])
    if name in _BY_NAME:
        return _BY_NAME[name]
    match schema.get("type"):
        case "object":
            return _object(schema, components, within)
        case "array":
            entry = example(schema["items"], components, name, within)
            return [] if entry is None else [entry]
        case "number":
            return schema.get("default", 100.5)
        case "integer":
            return schema.get("default", schema.get("minimum", 1))
        case "boolean":
            return schema.get("default", True)
        case "string":
            return schema.get("default") or _BY_FORMAT.get(schema.get("format", ""), "text")
    return None


def _object(schema: Schema, components: Mapping[str, Schema], within: tuple[str, ...]) -> dict[str, Any]:
    if "properties" not in schema:
        entry = schema.get("additionalProperties")
        return {"name": example(entry, components, "", within)} if isinstance(entry, dict) else {}
    found = {name: example(field, components, name, within) for name, field in schema["properties"].items()}
    return {name: value for name, value in found.items() if value is not None}
