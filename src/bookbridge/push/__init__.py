"""Record → vendor: what may be written, checking it, and writing it once, also when something breaks.

    submit ──▶ push_operations ──▶ runner (one per connection at a time)
                                      │ intent recorded ─▶ vendor ─▶ one transaction: records + outcome + event
                                      └ outcome unknown ─▶ look it up ─▶ only then send again, with the same key

What a vendor takes is told by its manifest's Write rows; how it is sent is the connector's business. Nothing here
reads a vendor's lists: that is `sync`.
"""
