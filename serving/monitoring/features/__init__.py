"""Statistics of the values of features, beside those of training."""
