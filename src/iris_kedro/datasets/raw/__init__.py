"""Raw data: where it comes from, and its archive."""
