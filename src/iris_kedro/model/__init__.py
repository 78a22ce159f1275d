"""What a model is: a candidate, what it came from, its contract and its answers."""
