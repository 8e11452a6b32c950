"""The benchmarks can still begin: they run on demand only, and what they set up changes with the rest."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from bench.bookbridge_sync import settings_for
from bench.registry import BENCHMARKS

from bookbridge.companies.vendor_apps import faults


def test_each_benchmark_can_be_run() -> None:
    for name in BENCHMARKS:
        assert callable(import_module(f"bench.{name}").run)


def test_the_settings_of_syncs_are_accepted(tmp_path: Path) -> None:
    vendors = settings_for("http://127.0.0.1:9", 100, tmp_path).vendors
    assert vendors
    for key, vendor in vendors.items():
        assert not list(faults(key, vendor.endpoints, vendor.options))
