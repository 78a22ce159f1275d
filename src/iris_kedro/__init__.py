"""Kedro project that trains, compares and releases tabular classifiers."""

__version__ = "0.1.0"
