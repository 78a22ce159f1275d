"""Writes scores to a folder, and copies them to databases."""
