"""A service to roll out."""

import pytest


@pytest.fixture
def ready(serve_release) -> str:
    """Start a service that predicts; return its host and port."""
    return serve_release().url.removeprefix("http://")
