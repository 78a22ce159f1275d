"""The contract of a model, read from its file."""
