"""Simulation of the gate: python -m benchmarks.gate."""
