"""HTTP in: the contract's REST API, wire-compatible with the Codat API.

Handlers translate: they check what came in, call the room that knows, and write the answer in the contract's words.
It owns no table, names no vendor and shows no page for people.
"""
