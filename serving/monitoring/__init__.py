"""Metrics, logs, traces and the shadow model."""
