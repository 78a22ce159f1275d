"""The monitoring pipeline: a verdict on the model from the service's predictions."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
