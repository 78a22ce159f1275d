"""The OpenAPI document of a service whose database has the ids of the examples."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from serving.openapi.feedback import EXAMPLE_ID


@pytest.fixture
def make_client(make_app, sqlite_url, store_predictions) -> Callable[..., FlaskClient]:
    def make_client(model) -> FlaskClient:
        label = model.contract.classes[0]
        store_predictions(sqlite_url, *[(EXAMPLE_ID, row, label) for row in range(2)])
        return make_app(model, database_url=sqlite_url).test_client()

    return make_client


@pytest.fixture
def client(request, make_client) -> FlaskClient:
    return make_client(request.getfixturevalue(getattr(request, "param", "iris")))


@pytest.fixture
def document(client: FlaskClient) -> dict:
    return client.get("/openapi.json").json


@pytest.fixture
def is_documented(document: dict) -> Callable[[str, object], bool]:
    """Return whether the document describes a JSON body of a route."""
    # Imported here, because it takes 2 s, in each process that collects tests.
    from jsonschema import Draft202012Validator  # noqa: PLC0415

    def is_documented(path: str, body: object) -> bool:
        content = document["paths"][path]["post"]["requestBody"]["content"]
        schema = content["application/json"]["schema"]
        components = {"components": document["components"]}
        return Draft202012Validator(schema | components).is_valid(body)

    return is_documented
