"""The dataset: features, target and their types."""
