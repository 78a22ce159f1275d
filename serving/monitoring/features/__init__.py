"""Statistics of feature values, in production and in training."""
