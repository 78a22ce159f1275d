import os
import shutil
from dataclasses import replace

import pytest

from serving.model.onnx_model import ModelRefusedError
from serving.model.store import CURRENT, SHADOW, Store
from serving.registry.registry import RegistryUnreachableError
from serving.registry.sync import RegistrySync


@pytest.fixture
def registry(stub_registry):
    return stub_registry


@pytest.fixture
def store(config) -> Store:
    return Store(config.store)


@pytest.fixture
def sync(registry, store, config) -> RegistrySync:
    return RegistrySync(registry, store, replace(config, shadow_alias="Challenger"))


def test_the_aliased_version_is_published(
    sync, registry, store, iris_bytes, load_published
):
    registry.release(iris_bytes, "1")

    sync.poll()

    assert load_published(store).version.version == "1"
    assert store.read_report().version == "1"
    assert store.read_report().reachable is True


def test_a_published_version_is_not_downloaded_again(sync, registry, iris_bytes):
    registry.release(iris_bytes, "1")

    sync.poll()
    sync.poll()

    assert registry.downloads == 1


def test_a_rollback_downloads_nothing(
    sync, registry, store, iris_bytes, wine_bytes, load_published
):
    registry.release(iris_bytes, "1")
    sync.poll()
    first = registry.aliases["Production"]
    registry.release(wine_bytes, "2")
    sync.poll()

    registry.aliases["Production"] = first
    sync.poll()

    assert load_published(store).version.version == "1"
    assert registry.downloads == 2


def test_a_damaged_copy_is_downloaded_again(
    sync, registry, store, iris_bytes, load_published
):
    registry.release(iris_bytes, "1")
    sync.poll()
    name = store.published(CURRENT)
    store.withdraw(CURRENT)
    (store.folder / name / "model.onnx").write_bytes(b"damaged")

    sync.poll()

    assert load_published(store).version.version == "1"


def remove_folder(folder):
    shutil.rmtree(folder)


def remove_model(folder):
    (folder / "model.onnx").unlink()


def truncate_model(folder):
    os.truncate(folder / "model.onnx", 100)


def remove_description(folder):
    (folder / "version.json").unlink()


def truncate_description(folder):
    os.truncate(folder / "version.json", 10)


def cut_pointer(folder):
    (folder.parent / "current.json").write_text("{")


def point_nowhere(folder):
    (folder.parent / "current.json").write_text('{"folder": "9-gone"}')


def point_outside(folder):
    (folder.parent / "current.json").write_text('{"folder": "../elsewhere"}')


def remove_pointer(folder):
    (folder.parent / "current.json").unlink()


DAMAGES = [
    remove_folder,
    remove_model,
    truncate_model,
    remove_description,
    truncate_description,
    cut_pointer,
    point_nowhere,
    point_outside,
]


@pytest.mark.parametrize("damage", [*DAMAGES, remove_pointer])
def test_a_damaged_store_is_repaired_within_one_poll(
    sync, registry, store, iris_bytes, damage, load_published
):
    registry.release(iris_bytes, "1")
    sync.poll()
    sync.poll()
    damage(store.folder / store.published(CURRENT))

    sync.poll()

    assert load_published(store).version.version == "1"
    assert store.read_report().damaged is None
    assert store.read_report().repairs == (damage is not remove_pointer)


def test_damage_that_happens_during_a_poll_is_counted(
    sync, registry, store, iris_bytes, monkeypatch, load_published
):
    registry.release(iris_bytes, "1")
    sync.poll()
    resolve = registry.resolve

    def damage_and_resolve(alias):
        truncate_model(store.folder / store.published(CURRENT))
        monkeypatch.undo()
        return resolve(alias)

    monkeypatch.setattr(registry, "resolve", damage_and_resolve)

    sync.poll()

    assert load_published(store).version.version == "1"
    assert store.read_report().repairs == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_reported_while_the_registry_is_unreachable(
    sync, registry, store, iris_bytes, damage, caplog, load_published
):
    registry.release(iris_bytes, "1")
    sync.poll()
    damage(store.folder / store.published(CURRENT))
    registry.failure = RegistryUnreachableError("down")

    sync.poll()
    sync.poll()

    assert store.read_report().damaged
    registry.failure = None
    sync.poll()
    assert load_published(store).version.version == "1"
    assert store.read_report().repairs == 1


@pytest.mark.parametrize("damage", [truncate_model, truncate_description])
def test_damage_between_two_starts_is_repaired(
    registry, store, config, iris_bytes, damage, load_published
):
    registry.release(iris_bytes, "1")
    RegistrySync(registry, store, config).poll()
    damage(store.folder / store.published(CURRENT))

    RegistrySync(registry, store, config).poll()

    assert load_published(store).version.version == "1"


def test_intact_files_are_read_once(sync, registry, iris_bytes, monkeypatch):
    registry.release(iris_bytes, "1")
    sync.poll()

    def read(*_):
        raise AssertionError("read again")

    monkeypatch.setattr("serving.model.onnx_model.Model.load", read)
    sync.poll()


def test_another_description_is_published_without_a_download(
    sync, registry, store, iris_bytes, load_published
):
    registry.release(iris_bytes, "1")
    sync.poll()
    registry.release(iris_bytes, "1", tags={"verdict": "approved"})

    sync.poll()

    assert load_published(store).version.tags == {"verdict": "approved"}
    assert registry.downloads == 1


def test_a_challenger_that_is_promoted_is_production(
    sync, registry, store, iris_bytes, load_published
):
    registry.release(iris_bytes, "1", alias="Challenger")
    sync.poll()

    registry.release(iris_bytes, "1")
    sync.poll()
    inodes = [store.pointer(role).stat().st_ino for role in (CURRENT, SHADOW)]
    sync.poll()

    assert load_published(store).version.alias == "Production"
    assert load_published(store, SHADOW).version.alias == "Challenger"
    assert inodes == [store.pointer(role).stat().st_ino for role in (CURRENT, SHADOW)]


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (ModelRefusedError("download", "gone"), "download"),
        (OSError(28, "No space left on device"), "disk_full"),
        (OSError(5, "Input/output error"), "store"),
    ],
)
def test_a_failed_download_is_counted_and_tried_later(
    sync, registry, store, iris_bytes, wine_bytes, failure, reason, load_published
):
    registry.release(iris_bytes, "1")
    sync.poll()
    registry.release(wine_bytes, "2")
    registry.failure = failure

    sync.poll()
    sync.poll()

    assert load_published(store).version.version == "1"
    assert store.read_report().refused == {reason: 1}
    assert store.read_report().last_refusal["version"] == "2"
    assert registry.downloads == 2  # the second poll waits before it tries again


@pytest.mark.parametrize("digest", ["", "sha256:" + "0" * 64])
def test_another_digest_is_refused(
    sync, registry, store, iris_bytes, digest, load_published
):
    registry.release(iris_bytes, "1", digest=digest)

    sync.poll()

    assert load_published(store) is None
    assert store.read_report().refused == {"digest": 1}


def test_a_refusal_is_forgotten_after_a_valid_version(
    sync, registry, store, iris_bytes
):
    registry.release(iris_bytes, "1", digest="sha256:" + "0" * 64)
    sync.poll()

    registry.release(iris_bytes, "2")
    sync.poll()

    assert store.read_report().last_refusal is None
    assert store.read_report().refused == {"digest": 1}


def test_counts_outlive_a_restart(registry, store, config, iris_bytes):
    registry.release(iris_bytes, "1", digest="sha256:" + "0" * 64)
    RegistrySync(registry, store, config).poll()

    RegistrySync(registry, store, config).poll()

    assert store.read_report().refused == {"digest": 2}


def test_a_new_follower_reports_nothing_of_the_polls_of_an_ended_one(
    sync, registry, store, config
):
    registry.release(b"not a model", "1")
    sync.poll()
    assert store.read_report().has_polled
    seen = []

    def fail(alias):
        seen.append(store.read_report())
        raise RegistryUnreachableError("down")

    registry.resolve = fail
    RegistrySync(registry, store, config).poll()

    (report,) = seen
    assert not report.has_polled
    assert report.version is None
    assert report.last_refusal is None
    assert report.refused


def test_the_time_of_an_outage_is_reported(
    sync, registry, store, iris_bytes, load_published
):
    registry.release(iris_bytes, "1")
    sync.poll()
    seen = store.read_report().last_seen
    registry.failure = RegistryUnreachableError("down")

    sync.poll()
    since = store.read_report().unreachable_since
    sync.poll()

    report = store.read_report()
    assert report.reachable is False
    assert report.last_seen == seen
    assert report.unreachable_since == since
    assert load_published(store).version.version == "1"


def test_a_removed_alias_leaves_production_and_ends_the_shadow(
    sync, registry, store, iris_bytes, load_published
):
    registry.release(iris_bytes, "1")
    registry.release(iris_bytes, "1", alias="Challenger")
    sync.poll()
    assert load_published(store, SHADOW).version.version == "1"

    registry.aliases.clear()
    sync.poll()

    assert load_published(store).version.version == "1"
    assert load_published(store, SHADOW) is None


def test_a_report_that_cannot_be_written_stops_nothing(
    sync, registry, store, iris_bytes, monkeypatch, load_published
):
    registry.release(iris_bytes, "1")

    def fail(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write_report", fail)
    sync.poll()

    assert load_published(store).version.version == "1"


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


def test_a_version_that_breaks_the_checks_is_refused(
    registry, store, config, iris_bytes
):
    def fail(_):
        raise ZeroDivisionError

    registry.release(iris_bytes, "1")
    sync = RegistrySync(registry, store, config, fail)

    sync.poll()

    assert store.published(CURRENT) is None
    assert store.read_report().refused == {"error": 1}
    assert store.read_report().errors == 1
    assert store.read_report().last_error["error"] == "ZeroDivisionError"


def test_a_broken_challenger_does_not_prevent_a_promotion(
    registry, store, config, iris_bytes, wine_bytes, load_published
):
    def fail_on_wine(model):
        if model.contract.feature_names[0] == "acid":
            raise ZeroDivisionError

    config = replace(config, shadow_alias="Challenger")
    sync = RegistrySync(registry, store, config, fail_on_wine)
    registry.release(wine_bytes, "2", alias="Challenger")
    registry.release(iris_bytes, "1")

    sync.poll()

    assert store.published(SHADOW) is None
    assert load_published(store).version.version == "1"


def test_an_error_is_reported(sync, store):
    sync.record_error("follower", KeyError("secret"))

    assert store.read_report().errors == 1
    assert store.read_report().last_error["error"] == "KeyError"


def test_a_refusal_ends_with_the_alias(sync, registry, store, iris_bytes):
    registry.release(iris_bytes, "1", digest=OTHER_DIGEST)
    sync.poll()
    registry.aliases.clear()

    sync.poll()

    assert store.read_report().last_refusal is None


def test_a_refused_challenger_is_forgotten_without_a_shadow(
    sync, registry, store, config, iris_bytes
):
    registry.release(iris_bytes, "1", alias="Challenger", digest=OTHER_DIGEST)
    sync.poll()
    assert store.read_report().last_refusal["role"] == SHADOW

    RegistrySync(registry, store, config).poll()

    assert store.read_report().last_refusal is None


def test_a_refused_challenger_does_not_hide_why_production_is_refused(
    sync, registry, store, iris_bytes, wine_bytes
):
    registry.release(iris_bytes, "1", digest=OTHER_DIGEST)
    registry.release(wine_bytes, "2", alias="Challenger", digest=OTHER_DIGEST)

    sync.poll()

    assert store.read_report().last_refusal["version"] == "1"
