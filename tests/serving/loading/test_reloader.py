import json
import os
import shutil
from dataclasses import replace

import pytest

from serving.loading.reloader import Reloader
from serving.model.store import CURRENT, SHADOW, Store


def version_of(client) -> str | None:
    answer = client.get("/health/ready")
    return answer.json["model"]["version"] if answer.status_code == 200 else None


def test_a_filled_store_is_served_from_the_first_request(make_app, publish, iris_bytes):
    publish(iris_bytes, "1")

    assert version_of(make_app().test_client()) == "1"


def test_a_newly_published_model_is_loaded(
    make_app, publish, iris_bytes, wine_bytes, eventually
):
    client = make_app().test_client()
    assert version_of(client) is None

    publish(iris_bytes, "1")
    eventually(lambda: version_of(client) == "1", "the first is picked up")
    publish(wine_bytes, "2")

    eventually(lambda: version_of(client) == "2", "the second is picked up")


def damage_model(store, name):
    (store.folder / name / "model.onnx").write_bytes(b"damaged")


def damage_version(store, name):
    (store.folder / name / "version.json").write_text('{"name": "iris"}')


def damage_pointer(store, name):
    (store.folder / "current.json").write_text(json.dumps({"folder": "none"}))


def cut_pointer(store, name):
    (store.folder / "current.json").write_text("{")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (damage_model, "digest"),
        (damage_version, "unreadable"),
        (damage_pointer, "unreadable"),
        (cut_pointer, "unreadable"),
    ],
)
def test_a_damaged_store_leaves_the_old_model(
    make_app, publish, iris_bytes, build_iris, eventually, damage, reason
):
    store = publish(iris_bytes, "1")
    other = publish(build_iris(C=0.1), "2").published(CURRENT)
    store.point(CURRENT, next(p.name for p in store.folder.glob("1-*")))
    client = make_app().test_client()

    if damage in (damage_model, damage_version):
        damage(store, other)
        store.point(CURRENT, other)
    else:
        damage(store, other)

    def counted() -> bool:
        sample = f'serving_model_load_failures_total{{reason="{reason}"}} 1.0'
        return sample in client.get("/metrics").text

    eventually(counted, "the failure is counted")
    assert version_of(client) == "1"


def test_the_shadow_is_compared_and_withdrawn(
    make_app, publish, iris, setosa, build_iris
):
    store = publish(build_iris(C=0.1), "9", SHADOW)
    app = make_app(iris, shadow_alias="Challenger")
    client = app.test_client()
    sample = 'serving_shadow_predictions_total{agrees="true",shadow="9",version="3"}'

    client.post("/predict/batch", json={"instances": [setosa] * 3})
    app.extensions["serving"].observers[0].flush()
    assert f"{sample} 3.0" in client.get("/metrics").text

    store.withdraw(SHADOW)
    app.extensions["serving"].reloaders[0].check()
    client.post("/predict", json=setosa)
    app.extensions["serving"].observers[0].flush()
    assert f"{sample} 3.0" in client.get("/metrics").text


def test_the_thread_survives_any_exception(
    make_app, config, publish, iris_bytes, wine_bytes, eventually, caplog
):
    metrics = make_app().extensions["serving"].metrics
    versions = []

    def swap(model):
        versions.append(model.version.version)
        if versions == ["1"]:
            raise ZeroDivisionError

    publish(iris_bytes, "1")
    reloader = Reloader(Store(config.store), CURRENT, metrics, swap)
    reloader.start()
    publish(wine_bytes, "2")

    eventually(lambda: versions == ["1", "2"], "the second is picked up")
    reloader.stop()
    assert metrics.errors.counts == {"reload-current": 1}
    assert "ZeroDivisionError" in caplog.text


def test_a_damaged_copy_is_reported_until_it_is_repaired(
    make_app, publish, iris_bytes, eventually
):
    store = publish(iris_bytes, "1")
    os.truncate(store.folder / store.published(CURRENT) / "model.onnx", 100)
    client = make_app().test_client()

    detail = client.get("/health/ready").json["detail"]
    assert "the stored version cannot be loaded (digest)" in detail

    publish(iris_bytes, "1")
    eventually(lambda: version_of(client) == "1", "the repaired copy is loaded")


def test_another_alias_of_the_same_version_is_loaded(
    make_app, publish, describe, iris_bytes, eventually
):
    store = publish(iris_bytes, "1")
    client = make_app().test_client()

    store.assign(CURRENT, replace(describe(iris_bytes, "1"), alias="Previous"))

    eventually(
        lambda: client.get("/model").json["alias"] == "Previous", "it is picked up"
    )


def test_replacing_a_version_while_it_is_read_is_not_a_failure(
    make_app, config, publish, iris_bytes, wine_bytes
):
    metrics = make_app().extensions["serving"].metrics
    versions = []

    class BusyStore(Store):
        def load(self, pointer):
            if pointer.folder.startswith("1-"):
                publish(wine_bytes, "2")
                shutil.rmtree(self.folder / pointer.folder)
            return super().load(pointer)

    publish(iris_bytes, "1")
    store = BusyStore(config.store)
    reloader = Reloader(
        store, CURRENT, metrics, lambda model: versions.append(model.version.version)
    )
    reloader.check()
    reloader.check()

    assert versions == ["2"]
    failures = metrics.load_failures.labels("unreadable")
    assert failures._value.get() == 0
