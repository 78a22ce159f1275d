"""Scores parts: one by one, in processes, or on a cluster."""
