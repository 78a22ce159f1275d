"""What people read of a run: gate report, model card and figures."""

from .pipeline import create_pipeline

__all__ = ["create_pipeline"]
