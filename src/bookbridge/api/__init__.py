"""HTTP in: the contract's REST API, wire-compatible with the Codat API.

Handlers translate: they check what came in, call the room that knows, and write the answer in the contract's words.
No SQL but through the rooms, no vendor's name, no page for people.
"""
