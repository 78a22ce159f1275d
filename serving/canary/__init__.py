"""A second version beside Production: the canary, or Previous, which guards it."""
