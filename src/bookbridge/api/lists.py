"""The short way to a list: plain ASGI before the framework, for the request that callers make most.

It serves a list of records to a caller whose key was verified a moment ago. Everything else (another address, a key not
yet known, a web page, a data type that is not a list) goes the long way, which serves the same lists to the same
callers with the same answers; decisions/0008 tells what that saves. It must not refuse anything by itself.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from bookbridge.accounting.catalog import AnyDataType
from bookbridge.accounting.data_type import Level
from bookbridge.api import records
from bookbridge.api.auth import presented_key
from bookbridge.api.bodies import send_json
from bookbridge.api.errors import ApiError
from bookbridge.api.paging import paging_at
from bookbridge.api.services import Services
from bookbridge.store.records import Scope as RecordScope

_OF_COMPANY: Final = 5
_OF_CONNECTION: Final = 7
"""Parts of `/companies/{id}/data/{type}` and of `/companies/{id}/connections/{id}/data/{type}`, split at `/`."""


class Lists:
    """Serves lists of records; hands on everything else."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request whose path has the routes' spelling."""
        if scope["type"] == ScopeType.HTTP and scope["method"] == "GET":
            asked = _asked(scope["path"])
            if asked is not None and self._knows(scope):
                paging = paging_at(scope["path"], scope["query_string"])
                await send_json(send, await records.text_of_page(self._services, *asked, paging))
                return
        await self._app(scope, receive, send)

    def _knows(self, scope: HTTPScope) -> bool:
        """Whether the caller is no web page and shows a key that was found good a moment ago."""
        authorization = ""
        for name, value in scope["headers"]:
            if name == b"authorization":
                authorization = value.decode("latin-1")
            elif name == b"origin":
                return False
        key = presented_key(authorization)
        return key is not None and self._services.key_cache.holds(key)


def _asked(path: str) -> tuple[AnyDataType, RecordScope] | None:
    """Which list a path means; None when it means none."""
    parts = path.split("/")
    if len(parts) not in (_OF_COMPANY, _OF_CONNECTION) or parts[1] != "companies" or parts[-2] != "data":
        return None
    at = Level.COMPANY
    connection_id = None
    try:
        company_id = UUID(parts[2])
        if len(parts) == _OF_CONNECTION:
            if parts[3] != "connections":
                return None
            connection_id, at = UUID(parts[4]), Level.CONNECTION
        data_type = records.data_type_at(parts[-1], at=at)
    except (ValueError, ApiError):
        return None
    return None if data_type.single else (data_type, RecordScope(company_id, data_type.key, connection_id))
