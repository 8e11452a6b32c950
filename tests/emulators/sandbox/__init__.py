"""The Sandbox ledger."""
