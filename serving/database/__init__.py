"""The database of predictions and of the feedback on them."""
