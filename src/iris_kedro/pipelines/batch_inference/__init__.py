"""Batch inference: scores rows of files or a query with a released model."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
