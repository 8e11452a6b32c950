"""The stylesheet and the icon: served under a name that holds a hash of the content, so browsers keep them for good.

Nothing here depends on who asks.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from litestar import Response, get
from litestar.exceptions import NotFoundException

HASH_LENGTH = 12
KEPT_BY_BROWSERS_S = 31_536_000

_STATIC = Path(__file__).parent / "static"
_STYLE = (_STATIC / "style.css").read_bytes()
_ICON = (_STATIC / "icon.svg").read_bytes()

STYLE_URL = f"/static/style.{hashlib.sha256(_STYLE).hexdigest()[:HASH_LENGTH]}.css"
ICON_URL = "/static/icon.svg"
ICON_KEPT_BY_BROWSERS_S = 86_400


@get("/static/{name:str}", include_in_schema=False)
async def asset(name: str) -> Response[bytes]:
    """One of our files. A stylesheet asked for under an older hash is answered with 404, never with other content."""
    if f"/static/{name}" == STYLE_URL:
        return _file(_STYLE, "text/css", f"public, max-age={KEPT_BY_BROWSERS_S}, immutable")
    if f"/static/{name}" == ICON_URL:
        return _file(_ICON, "image/svg+xml", f"public, max-age={ICON_KEPT_BY_BROWSERS_S}")
    raise NotFoundException


def _file(content: bytes, media_type: str, cache_control: str) -> Response[bytes]:
    headers = {"cache-control": cache_control, "x-content-type-options": "nosniff"}
    return Response(content, media_type=media_type, headers=headers)
