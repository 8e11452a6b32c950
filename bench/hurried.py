"""Bookbridge with the vendor's minutes and days shortened HURRY times, and nothing else: what `python -m bookbridge`
would do. `python -m bench.hurried up --role worker …`."""

from __future__ import annotations

from typing import Final

from bookbridge.connectors.xero import client

HURRY: Final = 10

if __name__ == "__main__":
    # Before anything reads them: the manifest's limits and what the vendor says is left are of these windows.
    client.MINUTE_S //= HURRY
    client.DAY_S //= HURRY
    from bookbridge.cli import main

    main()
