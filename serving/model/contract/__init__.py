"""The contract of a model, as it is read from its file."""
