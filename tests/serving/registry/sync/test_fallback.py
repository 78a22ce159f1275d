"""A store without a usable Production falls back to Previous."""

from dataclasses import replace

OTHER_DIGEST = "sha256:" + "0" * 64


def refuse_production(registry):
    registry.aliases["Production"] = replace(
        registry.aliases["Production"], digest=OTHER_DIGEST
    )


def test_an_empty_store_falls_back_to_previous(
    sync, registry, store, iris_bytes, wine_bytes, load_published
):
    registry.release(iris_bytes, "1", alias="Previous")
    registry.release(wine_bytes, "2", digest=OTHER_DIGEST)

    sync.poll()
    sync.poll()

    assert load_published(store).version.version == "1"
    assert load_published(store).version.alias == "Previous"
    assert store.read_report().last_refusal["version"] == "2"
    assert store.read_report().refused == {"digest": 1}


def test_a_production_that_cannot_be_downloaded_falls_back(
    sync, registry, store, iris_bytes, wine_bytes, load_published
):
    registry.release(iris_bytes, "1", alias="Previous")
    registry.release(wine_bytes, "2")
    del registry.files["2"]

    sync.poll()

    assert load_published(store).version.version == "1"


def test_a_fallback_ends_as_soon_as_production_is_accepted(
    sync, registry, store, iris_bytes, wine_bytes, monkeypatch, load_published
):
    registry.release(iris_bytes, "1", alias="Previous")
    registry.release(wine_bytes, "2")
    content = registry.files.pop("2")
    sync.poll()
    registry.files["2"] = content

    sync.poll()
    assert load_published(store).version.version == "1"
    monkeypatch.setattr("time.monotonic", lambda: float("inf"))
    sync.poll()

    assert load_published(store).version.version == "2"
    assert store.read_report().last_refusal is None


def test_a_fallback_that_becomes_production_is_not_a_fallback(
    sync, registry, store, iris_bytes, wine_bytes, load_published
):
    registry.release(iris_bytes, "1", alias="Previous")
    registry.release(wine_bytes, "2", digest=OTHER_DIGEST)
    sync.poll()

    registry.release(iris_bytes, "1")
    sync.poll()

    assert load_published(store).version.alias == "Production"
    assert store.read_report().last_refusal is None


def test_the_last_good_version_is_kept_rather_than_previous(
    sync, registry, store, iris_bytes, wine_bytes, build_iris, load_published
):
    registry.release(iris_bytes, "2")
    sync.poll()
    registry.release(wine_bytes, "1", alias="Previous")
    registry.release(build_iris(C=0.1), "3", digest=OTHER_DIGEST)

    sync.poll()

    assert load_published(store).version.version == "2"


def test_a_refused_fallback_does_not_hide_why_production_is_refused(
    sync, registry, store, iris_bytes, wine_bytes, load_published
):
    registry.release(iris_bytes, "1", alias="Previous", digest="")
    registry.release(wine_bytes, "2", digest=OTHER_DIGEST)

    sync.poll()

    assert load_published(store) is None
    assert store.read_report().last_refusal["version"] == "2"
    assert store.read_report().refused == {"digest": 2}
