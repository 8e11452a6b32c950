"""This installation's registrations at the vendors, by connector key. Facts from settings; holds no state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bookbridge.connectors import registry
from bookbridge.connectors.kit.app_options import AppOption
from bookbridge.connectors.kit.auth import OAuth2
from bookbridge.connectors.kit.connector import Connector
from bookbridge.connectors.kit.errors import VendorUnavailable
from bookbridge.connectors.kit.session import VendorApp

CALLS_MAX = 1_000_000
IN_FLIGHT_MAX = 1_000


def options_of(vendor: Connector) -> dict[str, AppOption]:
    """The options that an installation may set for a vendor: those of every vendor, and its own."""
    windows = {
        f"calls_per_{limit.window_s}_s": AppOption(
            f"calls of one organisation in {limit.window_s} s, {limit.calls} by default; 0 is no limit",
            number_max=CALLS_MAX,
        )
        for limit in vendor.limits.calls
    }
    in_flight = AppOption("calls of one organisation at once; 0 is no limit", number_max=IN_FLIGHT_MAX)
    scopes = {"scopes": AppOption("what a customer is asked for")} if isinstance(vendor.auth, OAuth2) else {}
    return {**windows, "in_flight_max": in_flight, **scopes, **vendor.options}


def faults(key: str, endpoints: Mapping[str, str], options: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """What is wrong with the settings of a registration: where below the vendors' settings, and why."""
    vendor = registry.connector(key.lower())
    if vendor is None:
        known = ", ".join(one.key for one in registry.CONNECTORS)
        yield (key,), f"no platform with a connector has this key; there are {known}"
        return
    for name in endpoints:
        if name not in vendor.endpoints:
            yield (key, "endpoints", name), f"there is no such endpoint; there are {', '.join(vendor.endpoints)}"
    known_options = options_of(vendor)
    for name, value in options.items():
        if name not in known_options:
            yield (key, "options", name), f"there is no such option; there are {', '.join(known_options)}"
        elif (fault := known_options[name].fault(value)) is not None:
            yield (key, "options", name), fault


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
