"""The model that is served if none is configured."""

from dataclasses import replace

import pytest

from serving.model.status import explain_missing_model
from serving.model.store import CURRENT, Store
from serving.registry.choice import AmbiguousModelError
from serving.registry.follower import find_served
from serving.registry.mlflow_registry import MlflowRegistry
from serving.registry.sync import RegistrySync

pytestmark = pytest.mark.slow  # MLflow's import takes seconds


@pytest.fixture
def unnamed(registry, config):
    return replace(config, tracking_uri=registry.uri, model_name=None)


@pytest.fixture
def add_model(registry, iris_bytes):
    """Register a second model whose version has the alias."""

    def add_model(name, tags):
        source = registry.artifact(registry.register(iris_bytes)).parent
        registry.client.create_registered_model(name)
        registry.client.create_model_version(name, str(source), tags=tags)
        registry.client.set_registered_model_alias(name, "Production", "1")

    return add_model


def test_the_only_model_is_found(registry, unnamed, iris_bytes):
    version = registry.release(iris_bytes)

    found = MlflowRegistry(unnamed).resolve("Production")

    assert (found.name, found.version) == ("iris", version)


def test_there_may_be_no_model(registry, unnamed, iris_bytes):
    registry.register(iris_bytes)

    assert MlflowRegistry(unnamed).resolve("Production") is None


def test_models_not_from_training_are_ignored(registry, unnamed, iris_bytes, add_model):
    registry.release(iris_bytes)
    add_model("other", {})

    assert MlflowRegistry(unnamed).resolve("Production").name == "iris"


def test_several_models_are_ambiguous(registry, unnamed, iris_bytes, add_model):
    registry.release(iris_bytes)
    add_model("wine", {"file_digest": "sha256:1"})

    with pytest.raises(AmbiguousModelError, match="Production: iris, wine; set IRIS_"):
        MlflowRegistry(unnamed).resolve("Production")


def test_the_served_model_is_kept(registry, unnamed, iris_bytes, add_model):
    registry.release(iris_bytes)
    first = MlflowRegistry(unnamed)
    first.resolve("Production")
    add_model("wine", {"file_digest": "sha256:1"})

    assert first.resolve("Production").name == "iris"
    assert MlflowRegistry(unnamed, "wine").resolve("Production").name == "wine"


def test_another_model_does_not_replace_it(registry, unnamed, iris_bytes, add_model):
    registry.release(iris_bytes)
    add_model("wine", {"file_digest": "sha256:1"})
    registry.client.delete_registered_model_alias("iris", "Production")

    assert MlflowRegistry(unnamed, "iris").resolve("Production") is None


def test_readiness_asks_for_the_setting_without_naming_models(
    registry, unnamed, iris_bytes, add_model, tmp_path
):
    registry.release(iris_bytes)
    add_model("wine", {"file_digest": "sha256:1"})
    store = Store(tmp_path / "store")
    sync = RegistrySync(MlflowRegistry(unnamed), store, unnamed)

    sync.poll()
    message = explain_missing_model(store.read_report(), unnamed)
    named = replace(unnamed, model_name="iris")
    RegistrySync(MlflowRegistry(named), store, named).poll()

    assert "several models have the alias: set IRIS_MODEL_NAME" in message
    assert "wine" not in message
    assert store.published(CURRENT) is not None
    assert not store.read_report().is_ambiguous
    assert find_served(store) == "iris"
