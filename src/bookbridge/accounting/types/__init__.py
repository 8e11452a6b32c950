"""One module per data type: its records, its words, its check, and its one `DataType` row."""
