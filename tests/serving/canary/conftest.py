"""Applications with a canary."""

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from flask import Flask

from serving.canary.partner import Partner
from serving.monitoring.observations import Observation
from serving.service import the_service
from tests.serving.canary.keyed_requests import CANARY, PREVIOUS
from tests.serving.fixtures.contracts import change_feature

HANGS = 7.77  # a sepal length


@pytest.fixture
def load_canary(load, build_iris):
    """Load a version with the alias Canary; by default another iris model."""

    def load_canary(share="1", content=None, version=CANARY):
        tags = {"canary_share": share}
        content = content or build_iris(C=0.01)
        return load(content, version, alias="Canary", tags=tags)

    return load_canary


@pytest.fixture
def load_previous(load, build_iris):
    """Load a version that guards Production and was a canary before."""

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
    """Collect the observations of an application's predictions."""

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


@pytest.fixture
def with_length(iris_bytes) -> Callable[..., bytes]:
    """Build the iris model with changes of its first feature."""
    return lambda **changes: change_feature(iris_bytes, 0, **changes)


@pytest.fixture(scope="session")
def hanging_bytes(build_iris) -> bytes:
    """Build an iris model that hangs for rows with a sepal length of ``HANGS``.

    Its golden rows, and other rows, are predicted as usual.
    """
    model = onnx.load_from_string(build_iris(C=0.01))
    graph = model.graph
    name = graph.input[0].name
    for node in graph.node:
        node.input[:] = ["rows" if each == name else each for each in node.input]
    make, info = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    floats, booleans = onnx.TensorProto.FLOAT, onnx.TensorProto.BOOL
    body = onnx.helper.make_graph(
        [make("Identity", ["goes_on"], ["again"]), make("Identity", ["x"], ["y"])],
        "body",
        [
            info("iteration", onnx.TensorProto.INT64, []),
            info("goes_on", booleans, []),
            info("x", floats, [None, 4]),
        ],
        [info("again", booleans, []), info("y", floats, [None, 4])],
    )
    first = [
        make("Gather", [name, "zero"], ["lengths"], axis=1),
        make("ReduceMax", ["lengths"], ["longest"], keepdims=0),
        make("Equal", ["longest", "hangs"], ["is_hanging"]),
        make("Loop", ["", "is_hanging", name], ["rows"], body=body),
    ]
    nodes = [*first, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    constants = {"zero": np.array([0]), "hangs": np.array(HANGS, np.float32)}
    for key, value in constants.items():
        graph.initializer.append(onnx.numpy_helper.from_array(value, key))
    return model.SerializeToString()
