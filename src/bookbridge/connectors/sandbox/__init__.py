"""The Sandbox connector: our own ledger as a vendor. The shortest whole connector, and the one to copy from.

CONTRIBUTING.md walks through it file by file.
"""
