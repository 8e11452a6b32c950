"""What a worker counts, for Prometheus: served at a port of its own, which nobody outside should reach.

Each room counts for itself where the counting is done; here the numbers are only shown.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from prometheus_client import start_http_server


@contextlib.contextmanager
def served(host: str, port: int | None) -> Iterator[None]:
    """Serve `/metrics` while inside; without a port nothing is served. Raises RuntimeError when the port is taken."""
    if port is None:
        yield
        return
    try:
        server, thread = start_http_server(port, host)
    except OSError as error:
        raise RuntimeError(
            f"metrics cannot be served at {host}:{port} ({error}); each worker on a machine needs a port of its own"
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
