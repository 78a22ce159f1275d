"""The values of features: one by one, in columns, and as text in CSV."""
