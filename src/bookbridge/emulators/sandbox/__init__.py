"""The Sandbox ledger: a small accounting service of our own, with a believable business in it.

One book per connection, seeded by its id, two years old when it is opened and growing day by day. Everything is kept
in one SQLite file. Its JSON is the contract's, so that its connector is the shortest there is.
"""
