"""What products add on top of sync and push. They compose these; they fetch and send nothing themselves."""
