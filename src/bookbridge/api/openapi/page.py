"""`/openapi.json` and `/docs`: the description of the API, for programs and for people. Needs no API key.

The pages are plain HTML and one stylesheet of ours: they load nothing from elsewhere and run no script.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response, get
from litestar.types import ControllerRouterHandler
from markupsafe import Markup, escape

from bookbridge.api.bodies import AnyRequest
from bookbridge.api.openapi.document import document, document_text
from bookbridge.api.openapi.views import Views

HTML: Final = "text/html"
ETAG_LENGTH: Final = 32
STYLE_KEPT_S: Final = 31_536_000
FOLDER: Final = Path(__file__).parent / "templates"
STYLE: Final = (FOLDER / "style.css").read_bytes()
STYLE_URL: Final = f"/docs/style.{hashlib.sha256(STYLE).hexdigest()[:12]}.css"

_HEADERS: Final = {
    "cache-control": "no-cache",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'none'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_CODE: Final = re.compile(r"`([^`]+)`")
_OPEN: Final = {"public": True}


@get("/openapi.json", opt=_OPEN, include_in_schema=False, sync_to_thread=True)
def get_document(request: AnyRequest) -> Response[bytes]:
    """The document."""
    content, etag = _document()
    headers = {"cache-control": "no-cache", "etag": etag, "x-content-type-options": "nosniff"}
    if request.headers.get("if-none-match") == etag:
        return Response(b"", status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


@get("/docs", opt=_OPEN, include_in_schema=False, sync_to_thread=True)
def get_index() -> Response[str]:
    """All operations by subject, and all schemas."""
    return _page("index.html", views=_views())


@get("/docs/operations/{operation_id:str}", opt=_OPEN, include_in_schema=False, sync_to_thread=True)
def get_operation_page(operation_id: str) -> Response[str]:
    """One operation."""
    found = _views().operation(operation_id)
    return _missing() if found is None else _page("operation.html", operation=found)


@get("/docs/schemas/{name:str}", opt=_OPEN, include_in_schema=False, sync_to_thread=True)
def get_schema_page(name: str) -> Response[str]:
    """One schema."""
    found = _views().schema(name)
    return _missing() if found is None else _page("schema.html", schema=found)


@get("/docs/{file:str}", opt=_OPEN, include_in_schema=False, sync_to_thread=False)
def get_style(file: str) -> Response[str] | Response[bytes]:
    """The stylesheet, under a name that changes with its content."""
    if f"/docs/{file}" != STYLE_URL:
        return _missing()
    headers = {"cache-control": f"public, max-age={STYLE_KEPT_S}, immutable", "x-content-type-options": "nosniff"}
    return Response(STYLE, media_type="text/css", headers=headers)


@cache
def _document() -> tuple[bytes, str]:
    content = document_text().encode()
    return content, f'"{hashlib.sha256(content).hexdigest()[:ETAG_LENGTH]}"'


@cache
def _views() -> Views:
    return Views(document())


def _missing() -> Response[str]:
    return _page("missing.html", status_code=404)


def _page(template: str, *, status_code: int = 200, **context: Any) -> Response[str]:
    content = _ENVIRONMENT.get_template(template).render(**context)
    return Response(content, status_code=status_code, media_type=HTML, headers=_HEADERS)


def with_code(sentence: str) -> Markup:
    """The sentence as HTML; what stands between backticks is code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(sentence))))  # noqa: S704 - escaped before


def breakable(path: str) -> Markup:
    """The address as HTML that narrow screens may break at its slashes."""
    return Markup("<wbr>/").join(path.split("/"))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["style_url"] = STYLE_URL
    environment.filters.update(with_code=with_code, breakable=breakable)
    return environment


_ENVIRONMENT: Final = _environment()

ROUTES: list[ControllerRouterHandler] = [get_document, get_index, get_operation_page, get_schema_page, get_style]
