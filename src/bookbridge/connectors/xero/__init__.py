"""Xero. Read `manifest.py` first, then `read.py` and `writes.py`; quirks and their reasons are in `README.md`.

Nothing outside this folder names it but the registry.
"""
