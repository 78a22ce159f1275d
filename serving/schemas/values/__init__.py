"""The values of features: single values, columns, and cells of CSV."""
