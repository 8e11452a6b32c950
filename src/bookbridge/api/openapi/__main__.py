"""`python -m bookbridge.api.openapi FILE`: write the document, for those who read the API without running it."""

from __future__ import annotations

import sys
from pathlib import Path

from bookbridge.api.openapi.document import document_text


def main() -> None:
    """Write the document to the file that is named."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m bookbridge.api.openapi FILE")
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(document_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
