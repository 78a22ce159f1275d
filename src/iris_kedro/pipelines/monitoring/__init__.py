"""From the predictions of a service to a verdict on the model in Production."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
