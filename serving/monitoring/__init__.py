"""Metrics, logs, prediction log and shadow."""
