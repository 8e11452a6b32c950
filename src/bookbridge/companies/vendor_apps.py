"""This installation's registrations at the vendors, by connector key. Facts from settings; holds no state."""

from __future__ import annotations

from collections.abc import Mapping

from bookbridge.connectors import registry
from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.kit.errors import VendorUnavailable
from bookbridge.connectors.kit.session import VendorApp


class VendorApps:
    """The registrations. `apps` may name fewer endpoints than the connectors need; theirs fill the gaps."""

    def __init__(self, apps: Mapping[str, VendorApp]) -> None:
        self._apps = dict(apps)

    def has(self, key: str) -> bool:
        """Whether linking can begin: there is a connector, and we are registered with the vendor."""
        return key in self._apps and registry.connector(key) is not None

    def of(self, vendor: Connector) -> VendorApp:
        """Our registration with all endpoints. Raises VendorUnavailable when there is none."""
        found = self._apps.get(vendor.key)
        if found is None:
            raise VendorUnavailable("This installation is not registered with the vendor.")
        return VendorApp(
            client_id=found.client_id,
            client_secret=found.client_secret,
            endpoints={**vendor.endpoints, **found.endpoints},
            options=found.options,
        )

    def of_key(self, key: str) -> VendorApp:
        """Like `of`, by connector key."""
        vendor = registry.connector(key)
        if vendor is None:
            raise VendorUnavailable("This platform cannot be reached by this installation yet.")
        return self.of(vendor)
