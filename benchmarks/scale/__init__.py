"""Measures batch scoring beside what a user would do instead."""
