"""Metrics, logs and shadow."""
