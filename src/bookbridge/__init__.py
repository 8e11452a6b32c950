"""Bookbridge: one API to small businesses' books.

The rooms of this package, who may import whom, and how data flows between them are
described in ARCHITECTURE.md; `lint-imports` keeps the order.
"""

__version__ = "0.1.0"
