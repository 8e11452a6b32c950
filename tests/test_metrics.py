"""What a worker counts, as Prometheus reads it."""

from __future__ import annotations

import httpx2
import pytest
from prometheus_client import REGISTRY

from bookbridge import metrics
from bookbridge.jobs import Worker
from bookbridge.webhooks.delivery import ATTEMPTS
from tests.ports import free_ports


def test_what_was_counted_is_served_until_the_end() -> None:
    port = free_ports()
    before = REGISTRY.get_sample_value("bookbridge_webhook_attempts_total", {"outcome": "served"}) or 0
    ATTEMPTS.labels("served").inc(3)
    with metrics.served("127.0.0.1", port):
        shown = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
        assert f'bookbridge_webhook_attempts_total{{outcome="served"}} {before + 3}' in shown
        assert "bookbridge_job_running" in shown, f"{Worker.__module__} counts jobs"
        with pytest.raises(RuntimeError, match="needs a port of its own"), metrics.served("127.0.0.1", port):
            pass
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"http://127.0.0.1:{port}/metrics")


def test_without_a_port_nothing_is_served() -> None:
    with metrics.served("127.0.0.1", None):
        pass
