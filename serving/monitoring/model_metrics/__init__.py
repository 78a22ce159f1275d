"""Metrics of what models predict, and of how well."""
