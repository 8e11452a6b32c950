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
    keeps_state: bool = False
    """Takes `--state-dir D`, a folder of its own in the data directory, and keeps there what must outlive it."""

    def endpoints(self, address: str) -> dict[str, str]:
        """The connector's endpoints when the emulator is at `address` (without a slash at its end)."""
        return {name: address + path for name, path in self.paths.items()}


SANDBOX_SECRET = "bookbridge-sandbox-secret"  # noqa: S105 - published, guards nothing

SANDBOXES = (
    Sandbox(
        key="gbol",
        module="bookbridge.emulators.xero",
        client_id="bookbridge-sandbox-client",
        client_secret=SANDBOX_SECRET,
        paths={
            "authorize": "/identity/connect/authorize",
            "token": "/connect/token",
            "revoke": "/connect/revocation",
            "connections": "/connections",
            "api": "/api.xro/2.0",
        },
        keeps_state=True,
    ),
    Sandbox(
        key="mqjo",
        module="bookbridge.emulators.sandbox",
        client_id="bookbridge-sandbox-client",
        client_secret=SANDBOX_SECRET,
        paths={"api": ""},
        keeps_state=True,
    ),
)
