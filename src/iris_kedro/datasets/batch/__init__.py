"""Batch scoring: rows that are read, and scores that are written, part by part."""
