from dataclasses import replace

import pytest

from serving.model.onnx_model import ModelRefusedError
from serving.model.store import CURRENT, SHADOW
from serving.registry.registry import RegistryUnreachableError
from serving.registry.sync import RegistrySync

OTHER_DIGEST = "sha256:" + "0" * 64


def test_the_aliased_version_is_published(
    sync, registry, store, iris_bytes, load_published
):
    registry.release(iris_bytes, "1")

    sync.poll()

    assert load_published(store).version.version == "1"
    assert store.read_report().version == "1"
    assert store.read_report().reachable is True


def test_a_missing_alias_is_logged_once(sync, registry, iris_bytes, caplog):
    sync.poll()
    sync.poll()
    registry.release(iris_bytes, "1")
    sync.poll()

    assert caplog.messages.count("no version has the alias") == 1


def test_a_history_that_cannot_be_read_does_not_make_the_registry_unreachable(
    sync, registry, store, iris_bytes, caplog
):
    registry.release(iris_bytes, "1")
    registry.history = RegistryUnreachableError("not permitted")

    sync.poll()

    assert store.read_report().reachable is True
    assert "history cannot be read" in caplog.messages


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
def test_a_failed_download_is_counted_and_retried_later(
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


def test_a_new_follower_does_not_report_the_polls_of_its_predecessor(
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
