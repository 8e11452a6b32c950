"""Free ports for servers that must be told theirs beforehand.

They lie below those that the system lends to outgoing connections: such a one could take a free port in the moment
before a server listens on it.
"""

from __future__ import annotations

import contextlib
import random
import socket

FIRST, LAST = 10_000, 32_000


def free_ports(count: int = 1) -> int:
    """The first of some ports in a row on which nobody listens."""
    while True:
        first = random.randrange(FIRST, LAST - count)
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + count):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
            return first
