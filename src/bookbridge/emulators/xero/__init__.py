"""An emulator of the Xero identity service and Accounting API, with its ledger held in memory.

Start it with ``python -m bookbridge.emulators.xero`` or embed ``create_app(XeroEmulatorSettings())``
in any ASGI server. The README in this folder lists its fault switches. It must not be exposed to
untrusted networks: its control API is open to whoever can reach it.
"""

from __future__ import annotations

from bookbridge.emulators.xero.app import create_app
from bookbridge.emulators.xero.settings import RegisteredApp, XeroEmulatorSettings

__all__ = ["RegisteredApp", "XeroEmulatorSettings", "create_app"]
