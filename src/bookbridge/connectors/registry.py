"""The connectors of this installation. Adding a vendor is one folder and one line here."""

from __future__ import annotations

from typing import Final

from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.sandbox.manifest import CONNECTOR as SANDBOX
from bookbridge.connectors.xero.manifest import CONNECTOR as XERO

CONNECTORS: Final[tuple[Connector, ...]] = (XERO, SANDBOX)

_BY_KEY: Final = {row.key: row for row in CONNECTORS}


def connector(key: str) -> Connector | None:
    """The connector of a platform, or None when there is none (yet)."""
    return _BY_KEY.get(key)
