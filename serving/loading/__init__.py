"""Loading: a model with everything built from it, which one is in use, and swaps."""
