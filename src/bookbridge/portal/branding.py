"""The client's own name and pictures on Link pages: what the profile says, as far as a page may show it.

The browser fetches pictures from where the client keeps them. Their origins go into the page's policy, so an address
that is not plainly an origin and a path is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from bookbridge.companies.clients import Profile

_ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?")


def brand(profile: Profile) -> dict[str, Any]:
    """What Link pages are given of the client: its name, and the addresses of its logo and icon, empty for none."""
    return {
        "client_name": profile.name,
        "logo_url": _shown(profile.logo_url),
        "icon_url": _shown(profile.icon_url),
    }


def image_origins(urls: Iterable[str]) -> tuple[str, ...]:
    """The origins of pictures, as sources of a policy, each once."""
    return tuple(dict.fromkeys(origin for url in urls if (origin := _origin(url))))


def _shown(url: str | None) -> str:
    return url if url and _origin(url) else ""


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    origin = f"{parts.scheme}://{parts.netloc}"
    # The library leaves out line breaks that a browser would not.
    return origin if url.startswith(origin) and _ORIGIN.fullmatch(origin) else ""
