"""The OpenAPI 3.1 document of the API, put together from the rows, the handlers and the schemas.

Built once per process, on demand. It must not say anything that a row, a handler or a class does not say.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import version
from typing import Any, Final

from litestar.handlers import HTTPRouteHandler

from bookbridge.accounting.records import Record
from bookbridge.api.auth import SCHEME, TOKEN_SCHEME
from bookbridge.api.cross_origin import TOKEN_ROUTE
from bookbridge.api.errors import ErrorBody
from bookbridge.api.idempotency import METHODS as REPEATABLE
from bookbridge.api.openapi.operation import IDEMPOTENCY_KEY, JSON, PATH_PARAMETERS, Operation, Parameter, text, whole
from bookbridge.api.openapi.operations import SUBJECTS, Subject, all_operations
from bookbridge.api.openapi.schemas import EXTENSION, REF, Schema, Schemas
from bookbridge.api.paging import PAGE_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, Links

OPENAPI: Final = "3.1.0"
QUERY_FIELDS: Final = "x-query-fields"

KEY_SECURITY: Final = "apiKey"
TOKEN_SECURITY: Final = "accessToken"  # noqa: S105 - a name

_DESCRIPTION: Final = (
    "Small businesses' books through one API: link accounting software, read records of every kind in one form, write "
    "bills and payments back, and be told of what changes. Wire-compatible with the Codat API.\n\n"
    "Amounts are JSON numbers of any length: read them as decimals. What is absent is left out, never null. "
    "Path segments and names of parameters may be written in any case. Operations, parameters and fields marked "
    f"`{EXTENSION}` are not of that contract."
)

_QUERY: Final = (
    "A condition: comparisons of fields (`=`, `!=`, `>`, `>=`, `<`, `<=`, and `~` for containing), joined by `&&` and "
    "`||` and grouped by braces: `amountDue>0&&dueDate<2026-02-01`."
)

PAGE_PARAMETERS: Final = (
    Parameter("page", "The number of the page, from 1.", whole(1, PAGE_MAX, 1)),
    Parameter("pageSize", "Results per page.", whole(1, PAGE_SIZE_MAX, PAGE_SIZE_DEFAULT)),
)
QUERY_PARAMETERS: Final = (
    Parameter("query", _QUERY, text()),
    Parameter("orderBy", "The field to order by; a `-` before it turns the order around.", text()),
)

_ERRORS: Final = {
    400: "Something that was sent is not valid: the error says what, where and what to do.",
    401: "There is no good API key or access token in the request.",
    403: "The access token does not open this address, or the page's origin is not allowed.",
    404: "There is no such thing, or nothing was read of it yet.",
    409: "The state of things does not allow it now.",
    413: "The body is too large.",
    422: "The Idempotency-Key was used for another request.",
    424: "The platform did not answer as it should.",
    429: "Too much at once: try again after the time in Retry-After.",
    500: "A fault of ours.",
    503: "The database is away: try again after the time in Retry-After.",
}
_RETRIED: Final = frozenset({429, 503})

_REFERENCE: Final = re.compile(f'"{REF}([^"]+)"')
_PARAMETER: Final = re.compile(r"\{(?P<name>\w+)(:\w+)?\}")


@cache
def document() -> Schema:
    """The whole document. Raises ValueError for rows that contradict each other."""
    return build(SUBJECTS)


def document_text() -> str:
    """The document as it is served and committed: JSON, indented, the same for the same code."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def build(subjects: Iterable[Subject]) -> Schema:
    """The document of the subjects. Raises ValueError for an id or address that stands twice."""
    subjects = tuple(subjects)
    rows = [row for subject in subjects for row in subject.operations]
    written = [row.body for row in rows if _is_record(row.body)]
    schemas = Schemas(_types(rows), written=dict.fromkeys(written))
    paths: dict[str, dict[str, Schema]] = {}
    ids: set[str] = set()
    for subject in subjects:
        for row in subject.operations:
            if row.id in ids:
                raise ValueError(f"two operations are called {row.id}")
            ids.add(row.id)
            for method, template in routes_of(row):
                path = _path(row, template)
                if method in paths.setdefault(path, {}):
                    raise ValueError(f"two operations describe {method} {path}")
                paths[path][method] = _described(subject, row, method, template, schemas)
    responses = {f"Error{status}": _error(status) for status in _ERRORS}
    components = {**schemas.components, **_pages(rows, schemas)}
    used = _reached([paths, responses], components)
    return {
        "openapi": OPENAPI,
        "info": {
            "title": "Bookbridge",
            "version": version("bookbridge"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": subject.name, "description": subject.sentence} for subject in subjects],
        "security": [{KEY_SECURITY: []}],
        "paths": paths,
        "components": {
            "schemas": {name: schema for name, schema in sorted(components.items()) if name in used},
            "responses": responses,
            "parameters": {one.name: _parameter(one, "query") for one in (*PAGE_PARAMETERS, *QUERY_PARAMETERS)}
            | {IDEMPOTENCY_KEY.name: _parameter(IDEMPOTENCY_KEY, "header")},
            "securitySchemes": {
                KEY_SECURITY: {
                    "type": "http",
                    "scheme": SCHEME,
                    "description": "An API key: `Basic` and the key in Base64, or the key as user name.",
                },
                TOKEN_SECURITY: {
                    "type": "http",
                    "scheme": TOKEN_SCHEME,
                    "description": "The access token of one company, for pages of allowed origins.",
                },
            },
        },
    }


def routes_of(row: Operation) -> Iterator[tuple[str, str]]:
    """Method (lower case) and path, in the handler's own spelling, of all that a row describes."""
    methods = sorted(str(method).lower() for method in row.handler.http_methods if method != "HEAD")
    for path in sorted(row.paths or row.handler.paths):
        if path not in row.handler.paths:
            raise ValueError(f"{row.id}: the handler is not at {path}")
        for method in methods:
            yield method, path


def undescribed(handlers: Iterable[HTTPRouteHandler]) -> list[str]:
    """Addresses of handlers that no row describes."""
    known = {(id(row.handler), path) for _, row in all_operations() for _, path in routes_of(row)}
    return sorted(
        f"{handler.handler_name} {path}"
        for handler in handlers
        if handler.include_in_schema is not False
        for path in handler.paths
        if (id(handler), path) not in known
    )


def _path(row: Operation, template: str) -> str:
    def named(found: re.Match[str]) -> str:
        name = found["name"]
        if name in row.fixed:
            return row.fixed[name]
        if name in PATH_PARAMETERS:
            return f"{{{PATH_PARAMETERS[name].name}}}"
        head, *tail = name.split("_")
        camel = head + "".join(word.title() for word in tail)
        if camel not in {one.name for one in row.path_parameters}:
            raise ValueError(f"{row.id}: say what {camel} is, in PATH_PARAMETERS or in the row's path_parameters")
        return f"{{{camel}}}"

    return _PARAMETER.sub(named, template)


def _described(subject: Subject, row: Operation, method: str, template: str, schemas: Schemas) -> Schema:
    summary, description = _sentences(row)
    parameters = [*_path_parameters(row, template)]
    parameters += [_parameter(one, "query") for one in row.parameters]
    shared = (*(PAGE_PARAMETERS if row.is_paged else ()), *(QUERY_PARAMETERS if row.query_fields else ()))
    parameters += [{"$ref": f"#/components/parameters/{one.name}"} for one in shared]
    if method.upper() in REPEATABLE:
        parameters.append({"$ref": f"#/components/parameters/{IDEMPOTENCY_KEY.name}"})
    found: Schema = {"operationId": row.id, "tags": [subject.name], "summary": summary}
    if description:
        found["description"] = description
    if parameters:
        found["parameters"] = parameters
    if row.is_upload or row.body is not None:
        found["requestBody"] = _request_body(row, schemas)
    found["responses"] = {str(row.status): _answer(row, schemas)} | {
        str(status): {"$ref": f"#/components/responses/Error{status}"} for status in _refusals(row, method, template)
    }
    if row.handler.opt.get("public"):
        found["security"] = []
    elif row.handler.opt.get(TOKEN_ROUTE):
        found["security"] = [{KEY_SECURITY: []}, {TOKEN_SECURITY: []}]
    if row.query_fields:
        found[QUERY_FIELDS] = sorted(row.query_fields)
    if row.is_deprecated:
        found["deprecated"] = True
    if row.is_extension:
        found[EXTENSION] = True
    return found


def _sentences(row: Operation) -> tuple[str, str]:
    """Summary and description: the row's, else the first sentence of the handler's docstring and the rest."""
    said = " ".join((inspect.getdoc(row.handler.fn) or "").split())
    first, _, rest = said.partition(". ")
    return row.summary or first.rstrip("."), row.description or ("" if row.summary else rest)


def _path_parameters(row: Operation, template: str) -> Iterator[Schema]:
    known = {one.name: one for one in (*PATH_PARAMETERS.values(), *row.path_parameters)}
    for found in _PARAMETER.finditer(_path(row, template)):
        yield _parameter(known[found["name"]], "path")


def _parameter(one: Parameter, place: str) -> Schema:
    found: Schema = {"name": one.name, "in": place, "description": one.description, "schema": dict(one.schema)}
    if one.is_required or place == "path":
        found["required"] = True
    if one.is_extension:
        found[EXTENSION] = True
    return found


def _request_body(row: Operation, schemas: Schemas) -> Schema:
    if row.is_upload:
        form = {
            "type": "object",
            "properties": {"file": {"type": "string", "format": "binary", "description": "The file."}},
            "required": ["file"],
        }
        return {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    schema = schemas.to_write(row.body) if _is_record(row.body) else schemas.of(row.body)
    return {"required": row.is_body_required, "content": {JSON: {"schema": schema}}}


def _answer(row: Operation, schemas: Schemas) -> Schema:
    if row.answers is None:
        return {"description": "Done."}
    if row.media_type != JSON:
        return {
            "description": "The file.",
            "content": {row.media_type: {"schema": {"type": "string", "format": "binary"}}},
        }
    schema = {"$ref": REF + _page_name(row, schemas)} if row.is_paged else schemas.of(row.answers)
    return {"description": "The answer.", "content": {JSON: {"schema": schema}}}


def _refusals(row: Operation, method: str, template: str) -> list[int]:
    found = {500, 503, *row.errors}
    if not row.handler.opt.get("public"):
        found.add(401)
    if row.handler.opt.get(TOKEN_ROUTE):
        found.add(403)
    if "{" in template:
        found.add(404)
    if row.is_paged or row.parameters or row.is_upload or row.body is not None:
        found.add(400)
    if method.upper() in REPEATABLE:
        found |= {400, 409, 422}
    if row.fixed:
        # Records that were never asked for.
        found.add(409)
    return sorted(found)


def _error(status: int) -> Schema:
    found: Schema = {
        "description": _ERRORS[status],
        "content": {JSON: {"schema": {"$ref": REF + ErrorBody.__name__}}},
    }
    if status in _RETRIED:
        found["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return found


def _pages(rows: Iterable[Operation], schemas: Schemas) -> dict[str, Schema]:
    """One page of each type that is listed."""
    found = {}
    for row in rows:
        if not row.is_paged:
            continue
        numbers = {
            "pageNumber": "The number of the page, from 1.",
            "pageSize": "Results per page, as asked for.",
            "totalResults": "How many results there are on all pages.",
        }
        found[_page_name(row, schemas)] = {
            "type": "object",
            "description": "One page of a list.",
            "properties": {
                "results": {"type": "array", "items": schemas.of(row.answers), "description": "What is on the page."},
                **{name: {"type": "integer", "description": words} for name, words in numbers.items()},
                "_links": {**schemas.of(Links), "description": "Where the list goes on."},
            },
            "required": ["results", *numbers, "_links"],
        }
    return found


def _page_name(row: Operation, schemas: Schemas) -> str:
    return f"{schemas.name_of(row.answers)}Page"


def _reached(content: object, components: Mapping[str, Schema]) -> set[str]:
    """The schemas that the content refers to, directly or by way of others. A record that is only ever written is none
    of them: what is written of it has a schema of its own."""
    found: set[str] = set()
    waiting = [content]
    while waiting:
        fresh = set(_REFERENCE.findall(json.dumps(waiting.pop()))) - found
        found |= fresh
        waiting += [components[name] for name in fresh]
    return found


def _types(rows: Iterable[Operation]) -> Iterator[Any]:
    yield ErrorBody
    yield Links
    for row in rows:
        if row.answers is not None and row.media_type == JSON:
            yield row.answers
        if row.body is not None:
            yield row.body


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Record)
