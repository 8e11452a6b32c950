"""Bill Pay, answered in the same request: bills, suppliers and payments as the ledger holds them now.

Reads are pages of the vendor's own lists, shaped by the functions of a sync; nothing is asked of the store. Writes are
push operations like any other, for which the request waits, so that there is one way to write and one proof that it
writes once. It knows no vendor and no HTTP.
"""
