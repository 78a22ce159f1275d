"""Finds files of rows, splits them into parts, and reads the parts."""
