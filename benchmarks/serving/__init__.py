"""Compares the service with its alternatives."""
