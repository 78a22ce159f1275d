"""Derived features: numbers that the model computes from the features of a row."""
