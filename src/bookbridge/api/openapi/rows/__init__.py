"""The rows of all operations, a module per subject, gathered in `operations`."""
