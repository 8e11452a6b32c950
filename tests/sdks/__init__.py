"""The official client libraries, unchanged, against a running server: what they send is served, what we answer parses.

Libraries that cannot live in our own environment have theirs: the old Python ones in `.venv-old-sdk`, those of npm in
`typescript/node_modules`. `make test` makes both. They run as programs of their own; `programs.py` starts them.
"""
