"""The model_release pipeline."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
