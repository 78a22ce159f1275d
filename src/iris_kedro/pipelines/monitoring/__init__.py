"""Evaluates the predictions of a service, and gives a verdict on the model."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
