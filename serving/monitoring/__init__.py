"""Metrics, logs, traces and shadow."""
