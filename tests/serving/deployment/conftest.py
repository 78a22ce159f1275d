"""A service to roll out."""

import pytest


@pytest.fixture
def ready(shared) -> str:
    """Return the host and port of a service that predicts."""
    return shared().url.removeprefix("http://")
