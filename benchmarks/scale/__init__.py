"""Compares batch scoring with its alternatives."""
