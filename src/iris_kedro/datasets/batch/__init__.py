"""Batch scoring: reads rows and writes scores, part by part."""
