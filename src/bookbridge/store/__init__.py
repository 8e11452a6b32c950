"""PostgreSQL: the pool, migrations, records, and the embedded server.

The only room that knows how records are laid out. It holds no accounting rule and starts no work.
"""
