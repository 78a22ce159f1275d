"""Raw data: its sources and its archive."""
