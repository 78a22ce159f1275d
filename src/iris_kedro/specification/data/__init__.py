"""The dataset: its features, its target and their types."""
