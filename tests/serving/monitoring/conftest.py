"""The metrics of an application."""

import pytest

from serving.monitoring.metrics import ServiceMetrics


@pytest.fixture
def metrics(make_app, iris) -> ServiceMetrics:
    return make_app(iris).extensions["serving"].metrics
