"""HTTP service that serves the Production model; start it with gunicorn."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from serving.config import Config
    from serving.model.onnx_model import Model

__all__ = ["create_app"]

NAME = "iris-kedro"  # of the service, in traces and metadata
__version__ = "0.1.0"


def create_app(config: "Config | None" = None, model: "Model | None" = None) -> "Flask":
    """Create the Flask application: see ``serving.app``.

    The import is inside because gunicorn's settings choose the metrics folder before
    prometheus_client is imported, and because the follower needs no Flask.
    """
    from serving.app import create_app as create  # noqa: PLC0415

    return create(config, model)
