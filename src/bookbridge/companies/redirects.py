"""Where the browser goes after linking: the client's template, filled in. Pure.

`{name}` anywhere in the template is replaced by a reserved value or by a parameter that the application put into
the link URL; unknown names become nothing. A host that depends on parameters must be allowed explicitly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, urlsplit
from uuid import UUID

from bookbridge.companies.connections import Connection
from bookbridge.companies.views import Views

PARAMETERS_MAX = 20
PARAMETER_NAME_LENGTH_MAX = 64
PARAMETER_VALUE_LENGTH_MAX = 500
URL_LENGTH_MAX = 8_000

ERROR_MESSAGES: Mapping[str, str] = {
    "200": "",
    "201": "",
    "403": "User cancelled.",
    "500": "Unknown error occurred.",
    "501": "Not supported.",
}
"""The `errorMessage` that goes with each `statusCode`."""

OUR_PARAMETERS = frozenset({"otp", "openId"})
OUR_PARAMETER_PREFIX = "link."

_TOKEN = re.compile(r"\{([^{}]*)\}")
_HOST = re.compile(r"^https?://([^/?#]*)", re.IGNORECASE)
_HOST_VALUE = re.compile(r"[A-Za-z0-9.-]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def custom_parameters(query: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The application's own parameters of a link URL: ours are left out, and so is what exceeds the limits."""
    found: dict[str, str] = {}
    for name, value in query:
        ours = name in OUR_PARAMETERS or name.startswith(OUR_PARAMETER_PREFIX)
        fits = 0 < len(name) <= PARAMETER_NAME_LENGTH_MAX and len(value) <= PARAMETER_VALUE_LENGTH_MAX
        if not ours and fits and "\x00" not in name + value and len(found) < PARAMETERS_MAX:
            found.setdefault(name, value)
    return found


def resolve(
    template: str, allowed: Iterable[str], reserved: Mapping[str, str], custom: Mapping[str, str]
) -> str | None:
    """The URL to redirect to; None when there is no template, or when it may not lead where it would.

    `allowed` are the client's allowed URLs, of which scheme, host and port count. Reserved values win
    over custom parameters of the same name.
    """
    host = _HOST.match(template)
    if host is None:
        return None
    names_in_host = _TOKEN.findall(host.group(1))
    # A host made of reserved values would let a company's or vendor's name decide where browsers go.
    if any(name in reserved or not _HOST_VALUE.fullmatch(custom.get(name, "")) for name in names_in_host):
        return None
    values = {**custom, **reserved}
    url = _TOKEN.sub(lambda token: quote(values.get(token.group(1), ""), safe=""), template)
    if len(url) > URL_LENGTH_MAX or _origin(url) is None or any(ord(letter) <= 0x20 for letter in url):
        return None
    if names_in_host and _origin(url) not in {_origin(entry) for entry in allowed}:
        return None
    return url


def _origin(url: str) -> tuple[str, str, int] | None:
    """Scheme, host and port; None for what is no absolute http(s) URL, or carries a user name."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username is not None:
        return None
    return parts.scheme, parts.hostname, port or _DEFAULT_PORTS[parts.scheme]


def redirect_values(
    client_id: UUID, views: Views, connection: Connection, status_code: str, text: str
) -> dict[str, str]:
    """The reserved values of redirect templates."""
    view = views.connection(connection)
    succeeded = status_code == "200"
    return {
        "clientId": str(client_id),
        "companyId": str(connection.company_id),
        "connectionId": str(connection.id),
        "integrationId": str(view.integration_id),
        "sourceId": str(view.source_id),
        "platform": view.integration_key,
        "platformName": view.platform_name,
        "sourceType": view.source_type,
        "integrationType": view.source_type,
        "statusCode": status_code,
        "errorMessage": ERROR_MESSAGES[status_code],
        "statusText": text,
        "data.company.companyName": (connection.organisation_name or "") if succeeded else "",
    }
