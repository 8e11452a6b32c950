"""Reports: drawn up from records when they are asked for, never synced; so they are not data types."""
