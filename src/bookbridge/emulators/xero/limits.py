"""Call limits: fixed windows per tenant and per app, and calls in flight.

It must not answer requests: it says whether one may pass and what the headers show.
"""

from __future__ import annotations

import msgspec

from bookbridge.emulators.xero.clock import Clock
from bookbridge.emulators.xero.settings import RateLimits

_MINUTE_S = 60
_DAY_S = 86_400


class _Window(msgspec.Struct):
    """A fixed window that starts with its first call."""

    length_s: int
    started_s: float = 0.0
    used: int = 0

    def roll(self, now_s: float) -> None:
        if now_s >= self.started_s + self.length_s:
            self.started_s, self.used = now_s, 0

    def retry_after_s(self, now_s: float) -> int:
        return max(1, int(self.started_s + self.length_s - now_s) + 1)


class Exceeded(msgspec.Struct, frozen=True):
    """Which limit stopped a call; ``retry_after_s`` is None for calls in flight."""

    problem: str
    retry_after_s: int | None


class _Tenant(msgspec.Struct):
    minute: _Window
    day: _Window
    in_flight: int = 0


class Limiter:
    """Counts the calls of every (app, tenant) pair and of every app."""

    def __init__(self, limits: RateLimits, clock: Clock) -> None:
        self.limits = limits
        self._clock = clock
        self._tenants: dict[tuple[str, str], _Tenant] = {}
        self._apps: dict[str, _Window] = {}
        self.refused: dict[str, int] = {}
        """How many calls each limit has refused, by problem word."""

        self.most_in_flight = 0

    def _tenant(self, app: str, tenant: str) -> _Tenant:
        found = self._tenants.get((app, tenant))
        if found is None:
            found = _Tenant(_Window(_MINUTE_S), _Window(_DAY_S))
            self._tenants[app, tenant] = found
        return found

    def enter(self, app: str, tenant: str) -> Exceeded | None:
        """Count a call that begins; when refused it is not counted and must not ``leave``."""
        now = self._clock.now_s()
        state, app_window = self._tenant(app, tenant), self._apps.setdefault(app, _Window(_MINUTE_S))
        for window in (state.minute, state.day, app_window):
            window.roll(now)
        exceeded = self._exceeded(state, app_window, now)
        if exceeded is not None:
            self.refused[exceeded.problem] = self.refused.get(exceeded.problem, 0) + 1
            return exceeded
        for window in (state.minute, state.day, app_window):
            window.used += 1
        state.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, state.in_flight)
        return None

    def _exceeded(self, state: _Tenant, app_window: _Window, now: float) -> Exceeded | None:
        if state.in_flight >= self.limits.in_flight:
            return Exceeded("concurrent", None)
        if app_window.used >= self.limits.app_per_minute:
            return Exceeded("appminute", app_window.retry_after_s(now))
        if state.day.used >= self.limits.tenant_per_day:
            return Exceeded("day", state.day.retry_after_s(now))
        if state.minute.used >= self.limits.tenant_per_minute:
            return Exceeded("minute", state.minute.retry_after_s(now))
        return None

    def leave(self, app: str, tenant: str) -> None:
        """Note that a call which entered has ended."""
        self._tenant(app, tenant).in_flight -= 1

    def headers(self, app: str, tenant: str) -> dict[str, str]:
        """What is left, as every Accounting API answer shows it."""
        state = self._tenant(app, tenant)
        app_used = self._apps[app].used if app in self._apps else 0
        return {
            "x-daylimit-remaining": str(max(0, self.limits.tenant_per_day - state.day.used)),
            "x-minlimit-remaining": str(max(0, self.limits.tenant_per_minute - state.minute.used)),
            "x-appminlimit-remaining": str(max(0, self.limits.app_per_minute - app_used)),
        }
