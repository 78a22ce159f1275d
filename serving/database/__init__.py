"""The database of predictions and feedback."""
