"""Scores parts: one by one, in several processes, or on a cluster."""
