"""Run the emulator on its own: ``python -m bookbridge.emulators.xero --port 0``.

It prints its base URL on one line once it listens, and must not be reachable from untrusted networks.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys

import uvicorn

from bookbridge.emulators.xero.app import create_app
from bookbridge.emulators.xero.settings import RateLimits, XeroEmulatorSettings


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bookbridge.emulators.xero", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unlimited", action="store_true", help="lift the call limits")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    many = 1_000_000_000
    limits = RateLimits()
    if arguments.unlimited:
        limits = RateLimits(tenant_per_minute=many, tenant_per_day=many, in_flight=many, app_per_minute=many)
    app = create_app(XeroEmulatorSettings(seed=arguments.seed, limits=limits))
    listener = socket.create_server((arguments.host, arguments.port))
    # Inherited by each connection. Without it an answer's body waits 40 ms for the receipt of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    host, port = listener.getsockname()[:2]
    sys.stdout.write(f"http://{host}:{port}\n")
    sys.stdout.flush()
    config = uvicorn.Config(app, log_level="warning", lifespan="off")
    await uvicorn.Server(config).serve(sockets=[listener])


def main() -> None:
    """Serve until interrupted."""
    asyncio.run(_serve(_arguments()))


if __name__ == "__main__":
    main()
