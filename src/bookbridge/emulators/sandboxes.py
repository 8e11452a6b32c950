"""Which integrations have an emulator, how it is started, and how a connector is pointed at it.

Facts only; nothing is started here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Sandbox:
    """An emulator that stands in for a vendor until real credentials are configured."""

    key: str
    """Key of the integration that it serves."""
    module: str
    """Run as `python -m <module> --port N`."""
    client_id: str
    client_secret: str
    paths: Mapping[str, str]
    """The connector's endpoints, by name, below the emulator's address."""

    def endpoints(self, address: str) -> dict[str, str]:
        """The connector's endpoints when the emulator is at `address` (without a slash at its end)."""
        return {name: address + path for name, path in self.paths.items()}


SANDBOXES = (
    Sandbox(
        key="gbol",
        module="bookbridge.emulators.xero",
        client_id="bookbridge-sandbox-client",
        client_secret="bookbridge-sandbox-secret",  # noqa: S106 - published, guards nothing
        paths={
            "authorize": "/identity/connect/authorize",
            "token": "/connect/token",
            "revoke": "/connect/revocation",
            "connections": "/connections",
            "api": "/api.xro/2.0",
        },
    ),
)
