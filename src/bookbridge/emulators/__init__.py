"""Vendor emulators: ASGI applications that behave like a vendor, over real HTTP.

They exist so that connectors, and users' own integrations, can be tried without a vendor account.
They must not import a connector: the two may only agree on the vendor's published contract.
"""
