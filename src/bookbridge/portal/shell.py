"""What all Portal pages share: the frame, paging, and notices of what was done. Knows no subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Response

from bookbridge.companies import clients
from bookbridge.jobs import backlog
from bookbridge.portal.forms import Asked, browser
from bookbridge.portal.rendering import page
from bookbridge.portal.services import PortalServices

PAGE_SIZE = 50
PAGE_MAX = 100_000
SEARCH_LENGTH_MAX = 200

NOTICES: Mapping[str, str] = {
    "created": "Created.",
    "saved": "Saved.",
    "deleted": "Deleted, with everything that belonged to it.",
    "unlinked": "Disconnected. What was read before stays readable.",
    "queued": "A read of all data types was queued.",
    "nothing": "There was nothing to queue: no connection is connected, or all is being read already.",
    "confirmed": "Confirmed. The next read marks those records as deleted.",
    "resent": "Queued to be sent again.",
    "unsent": "There was nothing to send.",
    "example": "An example was queued to be sent.",
    "enabled": "Enabled. What waited is being sent.",
    "disabled": "Disabled. Messages are kept until it is enabled again.",
}
"""What the parameter `done` of an address may say. A fixed list: an address must not put words into a page."""


@dataclass(frozen=True)
class Paging:
    """Where a list stands, and where its neighbours are. Pages count from 1."""

    number: int
    total: int
    size: int
    path: str
    parameters: Mapping[str, str]

    @property
    def last(self) -> int:
        """The number of the last page, at least 1."""
        return max(1, -(-self.total // self.size))

    @property
    def previous_url(self) -> str:
        """The address of the page before; empty on the first."""
        return self._url(self.number - 1) if self.number > 1 else ""

    @property
    def next_url(self) -> str:
        """The address of the page after; empty on the last."""
        return self._url(self.number + 1) if self.number < self.last else ""

    def _url(self, number: int) -> str:
        wanted = {name: value for name, value in self.parameters.items() if value}
        return f"{self.path}?{urlencode({**wanted, 'page': number})}"


def page_number(request: Asked) -> int:
    """The asked-for page, from 1; what is no number is 1."""
    text = request.query_params.get("page", "1")
    return min(int(text), PAGE_MAX) if text.isascii() and text.isdigit() and int(text[:9]) > 0 else 1


def asked(request: Asked, name: str) -> str:
    """A parameter of the address, trimmed and bounded, without what a database cannot hold."""
    value: str = request.query_params.get(name, "")
    return value.replace("\x00", "").strip()[:SEARCH_LENGTH_MAX]


async def portal_page(
    request: Asked, services: PortalServices, template: str, *, section: str, status_code: int = 200, **context: Any
) -> Response[str]:
    """A page in the Portal's frame. `section` is the entry of the navigation that it belongs to."""
    visitor = browser(request, services)
    async with services.pool.acquire() as db:
        client = await clients.client(db)
        waited_s = await backlog.longest_wait_s(db)
    return page(
        f"portal/{template}.html",
        status_code=status_code,
        cookies=visitor.cookies(),
        client_name=client.profile.name,
        section=section,
        notice=NOTICES.get(request.query_params.get("done", ""), ""),
        token=visitor.token,
        late_minutes=int(waited_s // 60) if waited_s > backlog.LATE_AFTER_S else 0,
        **{"problem": "", **context},
    )
