"""Vendor → records: what to read, reading it page by page, and proving that it is all there.

    queue ──▶ datasets (one per data type) ──▶ runner (one per connection at a time)
                                                  │ pages ─▶ shape ─▶ one transaction: records + cursor
                                                  └ completeness ─▶ read.completed

It decides what is read and when; how a page is fetched is the connector's business, how records lie in tables is
the store's. It never writes to a vendor.
"""
