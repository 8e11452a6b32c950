"""Whose books: the client, its companies, their connections, the link flow and the credential vault.

This room alone holds what opens a customer's books. It renders no HTML, serves no HTTP, and knows no
accounting record.
"""
