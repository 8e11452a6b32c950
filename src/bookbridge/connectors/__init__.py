"""Who we talk to: the kit that every connector is written with, and one folder per vendor.

A connector turns a vendor's answers into accounting records and accounting records into the
vendor's requests. It is handed a session's ingredients (an HTTP client, credentials, a call
budget) and returns records. It never sees the database, jobs, the API or settings, and vendors
never import each other.
"""
