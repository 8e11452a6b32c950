"""Run the ledger on its own: ``python -m bookbridge.emulators.sandbox --port 0 --state-dir books``.

It prints its base URL on one line once it listens, and must not be reachable from untrusted networks.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
from pathlib import Path

import uvicorn

from bookbridge.emulators.sandbox.app import create_app
from bookbridge.emulators.sandbox.service import Ledger
from bookbridge.emulators.sandbox.storage import Storage
from bookbridge.emulators.sandboxes import SANDBOX_SECRET


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bookbridge.emulators.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 picks a free port")
    parser.add_argument("--state-dir", type=Path, help="where the books are kept; without it they are forgotten")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    storage = Storage(arguments.state_dir)
    app = create_app(Ledger(storage), SANDBOX_SECRET)
    listener = socket.create_server((arguments.host, arguments.port))
    # Inherited by each connection. Without it an answer's body waits 40 ms for the receipt of its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    host, port = listener.getsockname()[:2]
    sys.stdout.write(f"http://{host}:{port}\n")
    sys.stdout.flush()
    try:
        await uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off")).serve(sockets=[listener])
    finally:
        storage.close()


def main() -> None:
    """Serve until interrupted."""
    asyncio.run(_serve(_arguments()))


if __name__ == "__main__":
    main()
