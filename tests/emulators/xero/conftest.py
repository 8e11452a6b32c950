"""Fixtures: a fresh emulator for tests that change it, and a shared one for tests that only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bookbridge.emulators.xero import XeroEmulatorSettings
from tests.emulators.xero.world import GENEROUS, Api, World, serve


@pytest.fixture
def world() -> Iterator[World]:
    """A fresh emulator without call limits."""
    with serve(XeroEmulatorSettings(limits=GENEROUS)) as running:
        yield running


@pytest.fixture
def api(world: World) -> Api:
    """An authorised caller of the fresh emulator."""
    return world.session()


@pytest.fixture(scope="module")
def shared_world() -> Iterator[World]:
    """An emulator that the module's tests only read."""
    with serve(XeroEmulatorSettings(limits=GENEROUS)) as running:
        yield running


@pytest.fixture(scope="module")
def reader(shared_world: World) -> Api:
    """An authorised caller of the shared emulator."""
    return shared_world.session()
