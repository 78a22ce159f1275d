"""The OpenAPI document describes what the service says about itself."""

import json
from types import SimpleNamespace

import pytest

from serving.model.store import Store
from serving.registry.history import describe_history

AT = "2026-11-01T10:00:00+00:00"
ROLLBACK = {"at": AT, "action": "rollback", "by": "ada", "to": "3", "hold": "set"}
REGISTERED = SimpleNamespace(
    tags={f"history.{AT}": json.dumps(ROLLBACK), "monitoring": '{"verdict": "quiet"}'},
    aliases={"Production": "3"},
)
VERSIONS = [
    SimpleNamespace(version=number, creation_timestamp=1.8e12, tags=tags)
    for number, tags in {
        4: {},
        3: {"verdict": "released", "reasons": '["better"]', "metric.accuracy": "0.95"},
    }.items()
]
AWAY = {
    "reachable": False,
    "last_seen": 1_800_000_000.0,
    "unreachable_since": 1_800_000_100.0,
    "last_refusal": {"role": "current", "version": "4", "reason": "digest"},
    "damaged": "3-abc",
}


@pytest.fixture
def fill(client, config, load, build_iris):
    """Return a function that gives the service a registry and a canary."""

    def fill():
        store = Store(config.store)
        store.folder.mkdir(parents=True, exist_ok=True)
        store.write_history(describe_history(REGISTERED, VERSIONS))
        store.write_report(AWAY)
        service = client.application.extensions["serving"]
        service.current.refresh()
        tags = {"canary_share": "0.5"}
        service.partner.swap(load(build_iris(C=0.1), "4", alias="Canary", tags=tags))

    return fill


@pytest.fixture
def find_errors(client, document):
    """Return a function that compares a response with its schema."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 -- takes 2 s

    def find_errors(path):
        response = document["paths"][path]["get"]["responses"]["200"]
        schema = response["content"]["application/json"]["schema"]
        components = {"components": document["components"]}
        validator = Draft202012Validator(schema | components)
        return list(validator.iter_errors(client.get(path).json))

    return find_errors


@pytest.mark.parametrize("path", ["/status", "/model"])
def test_responses_have_a_schema(document, path):
    responses = document["paths"][path]["get"]["responses"]

    (media,) = responses["200"]["content"].values()
    name = media["schema"]["$ref"].rpartition("/")[2]
    assert document["components"]["schemas"][name]["required"]
    assert responses["304"] == {"description": "Not Modified"}


@pytest.mark.parametrize("path", ["/status", "/model"])
def test_responses_are_as_documented(find_errors, fill, path):
    assert find_errors(path) == []

    fill()

    assert find_errors(path) == []


def test_the_filled_status_has_all_parts(client, fill):
    fill()

    status = client.get("/status").json

    assert all(value is not None for value in status.values())
