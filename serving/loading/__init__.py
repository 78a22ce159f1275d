"""Loads models: everything built from a model, the one in use, and swaps."""
