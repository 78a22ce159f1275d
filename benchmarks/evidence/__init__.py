"""Simulation of drift detection: python -m benchmarks.evidence."""
