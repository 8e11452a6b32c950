"""Run the emulator on its own: ``python -m bookbridge.emulators.xero --port 0``.

It prints its base URL on one line once it listens, and must not be reachable from untrusted networks.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
from pathlib import Path

import uvicorn

from bookbridge.emulators.xero.app import create_app
from bookbridge.emulators.xero.settings import RateLimits, XeroEmulatorSettings
from bookbridge.emulators.xero.state import StateInUse

SHUTDOWN_TIMEOUT_S = 3


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bookbridge.emulators.xero",
        description="Serve an emulator of Xero with invented books. Prints its base URL once it listens.",
        epilog="Do not expose it to untrusted networks: its control API, under /_emulator, asks for no password.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0, the default, picks a free one")
    parser.add_argument(
        "--state",
        "--state-dir",
        type=Path,
        metavar="DIR",
        help="keep books, consents and tokens in this directory over restarts; without it they end with the process",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="which invented books a new world begins with (default: %(default)s)"
    )
    parser.add_argument("--unlimited", action="store_true", help="lift the call limits (60 a minute and others)")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    many = 1_000_000_000
    limits = RateLimits()
    if arguments.unlimited:
        limits = RateLimits(tenant_per_minute=many, tenant_per_day=many, in_flight=many, app_per_minute=many)
    try:
        app = create_app(XeroEmulatorSettings(seed=arguments.seed, limits=limits), state=arguments.state)
    except (StateInUse, OSError) as error:
        sys.exit(f"The emulator could not start: {error}")
    listener = socket.create_server((arguments.host, arguments.port))
    # Inherited by each connection. Without it an answer's body waits 40 ms for the receipt of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    host, port = listener.getsockname()[:2]
    sys.stdout.write(f"http://{host}:{port}\n")
    sys.stdout.flush()
    config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S)
    await uvicorn.Server(config).serve(sockets=[listener])


def main() -> None:
    """Serve until interrupted."""
    asyncio.run(_serve(_arguments()))


if __name__ == "__main__":
    main()
