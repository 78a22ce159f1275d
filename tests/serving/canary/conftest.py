"""Applications with a canary."""

import json
from collections.abc import Callable

import onnx
import pytest
from flask import Flask

from serving.canary.partner import Partner
from serving.monitoring.observers import Observation
from serving.service import the_service

CANARY, PREVIOUS = "4", "2"


@pytest.fixture
def load_canary(load, build_iris):
    """Load a version that has the alias Canary; by default another iris model."""

    def load_canary(share="1", content=None, version=CANARY):
        tags = {"canary_share": share}
        content = content or build_iris(C=0.01)
        return load(content, version, alias="Canary", tags=tags)

    return load_canary


@pytest.fixture
def load_previous(load, build_iris):
    """Load a version that guards Production; it has been a canary once."""

    def load_previous(content=None):
        tags = {"canary_share": "1"}
        content = content or build_iris(C=0.01)
        return load(content, PREVIOUS, alias="Previous", tags=tags)

    return load_previous


@pytest.fixture
def make_canary(make_app, iris, load_canary) -> Callable[..., Flask]:
    """Create an application that serves version 3, with version 4 as its canary."""

    def make_canary(share="1", content=None, production=iris, **settings) -> Flask:
        app = make_app(production, **settings)
        partner_of(app).swap(load_canary(share, content))
        return app

    return make_canary


@pytest.fixture
def partner() -> Callable[[Flask], Partner]:
    return partner_of


def partner_of(app: Flask) -> Partner:
    return the_service(app).partner


@pytest.fixture
def observe() -> Callable[[Flask], list[Observation]]:
    """Return what collects the observations of an application's predictions."""

    def observe(app):
        seen = []

        class Collecting:
            def submit(self, request):
                seen.append(request.observation)

            def start(self):
                """Nothing runs."""

            def stop(self):
                """Nothing runs."""

            flush = stop

        the_service(app).observers.append(Collecting())
        return seen

    return observe


def change_feature(content: bytes, place: int, **changes) -> bytes:
    """Change a feature in the contract of a model."""
    model = onnx.load_from_string(content)
    contract = json.loads(model.metadata_props[0].value)
    contract["features"][place].update(changes)
    onnx.helper.set_model_props(model, {"contract": json.dumps(contract)})
    return model.SerializeToString()


@pytest.fixture
def with_length(iris_bytes) -> Callable[..., bytes]:
    """Build the iris model with changes of its first feature."""
    return lambda **changes: change_feature(iris_bytes, 0, **changes)


@pytest.fixture
def with_ports(passengers_bytes) -> Callable[..., bytes]:
    """Build the passengers' model with other categories of the port."""

    def with_ports(*categories):
        training = {"counts": [1] * len(categories), "missing": 0.1}
        changes = {"categories": categories, "training": training}
        return change_feature(passengers_bytes, 3, **changes)

    return with_ports
