"""The partner that the follower publishes."""

import os
import shutil
from dataclasses import replace

import pytest

from serving.model.store import CURRENT, PARTNER, SHADOW
from serving.registry.registry import RegistryUnreachableError
from serving.registry.sync import RegistrySync
from tests.serving.fixtures.contracts import change_feature


@pytest.fixture
def sync(registry, store, config) -> RegistrySync:
    return RegistrySync(registry, store, config)


@pytest.fixture
def canary_bytes(build_iris) -> bytes:
    return build_iris(C=0.1)


@pytest.fixture
def start_canary(registry, iris_bytes, canary_bytes):
    """Release version 1 and start version 2 as its canary."""

    def start_canary(share="0.05", content=canary_bytes):
        registry.release(iris_bytes, "1")
        tags = {} if share is None else {"canary_share": share}
        registry.release(content, "2", alias="Canary", tags=tags)

    return start_canary


@pytest.fixture
def partner(store, load_published):
    """Return the partner's version and alias."""

    def partner():
        model = load_published(store, PARTNER)
        return model and (model.version.version, model.version.alias)

    return partner


@pytest.fixture
def refusal(store):
    def refusal():
        found = store.read_report().last_refusal
        return found and (found["role"], found["version"], found["reason"])

    return refusal


def test_a_canary_is_published_with_its_share(
    sync, store, start_canary, partner, load_published
):
    start_canary("0.05")

    sync.poll()

    assert partner() == ("2", "Canary")
    assert load_published(store, PARTNER).version.tags == {"canary_share": "0.05"}
    assert load_published(store).version.version == "1"


def test_another_share_is_published_without_a_download(
    sync, registry, store, start_canary, load_published
):
    start_canary("0.05")
    sync.poll()
    stamp = store.pointer(PARTNER).stat().st_ino

    start_canary("0.25")
    sync.poll()

    assert load_published(store, PARTNER).version.tags == {"canary_share": "0.25"}
    assert store.pointer(PARTNER).stat().st_ino != stamp
    assert registry.downloads == 2


def test_another_share_reaches_the_workers_if_the_canary_is_the_shadow_too(
    registry, store, config, start_canary, canary_bytes
):
    sync = RegistrySync(registry, store, replace(config, shadow_alias="Challenger"))
    for share in ("0.05", "0.25"):
        start_canary(share)
        tags = {"canary_share": share}
        registry.release(canary_bytes, "2", alias="Challenger", tags=tags)
        stamp = store.pointer(PARTNER).exists() and store.pointer(PARTNER).stat().st_ino
        sync.poll()

    assert store.pointer(PARTNER).stat().st_ino != stamp
    assert store.published(SHADOW) == store.published(PARTNER)


def test_a_canary_without_its_alias_is_withdrawn(sync, registry, start_canary, partner):
    start_canary()
    sync.poll()

    del registry.aliases["Canary"]
    sync.poll()

    assert partner() is None


@pytest.mark.parametrize("share", [None, "5 %"])
def test_a_canary_without_a_valid_share_is_refused(
    sync, store, start_canary, partner, refusal, share, caplog
):
    start_canary("0.05")
    sync.poll()

    start_canary(share)
    sync.poll()
    sync.poll()

    assert partner() is None
    assert refusal() == (PARTNER, "2", "share")
    assert store.read_report().refused == {"share": 1}
    [line] = [each for each in caplog.records if each.message == "version refused"]
    assert "canary_share of version 2 is" in line.fields["detail"]
    assert "set it to a number from 0 to 1" in line.fields["detail"]


def test_a_corrected_share_is_accepted_at_the_next_poll(
    sync, start_canary, partner, refusal
):
    start_canary("much")
    sync.poll()

    start_canary("1")
    sync.poll()

    assert partner() == ("2", "Canary")
    assert refusal() is None


@pytest.mark.parametrize("other", ["features", "classes"])
def test_a_canary_with_another_contract_is_refused(
    sync, store, start_canary, iris_bytes, wine_bytes, partner, refusal, other
):
    renamed = change_feature(iris_bytes, 0, name="other")
    start_canary(content=wine_bytes if other == "classes" else renamed)

    sync.poll()

    assert partner() is None
    assert refusal() == (PARTNER, "2", "contract")
    assert store.published(CURRENT)[:2] == "1-"


def test_a_refused_canary_can_be_promoted_at_once(
    sync, registry, store, start_canary, wine_bytes, load_published
):
    start_canary(content=wine_bytes)
    sync.poll()

    registry.release(wine_bytes, "2")
    sync.poll()

    assert load_published(store).version.version == "2"


def test_a_canary_is_checked_again_when_production_changes(
    sync, registry, start_canary, wine_bytes, partner, refusal
):
    start_canary()
    sync.poll()

    registry.release(wine_bytes, "3")
    sync.poll()

    assert partner() is None
    assert refusal() == (PARTNER, "2", "contract")


def test_a_promoted_canary_is_not_a_canary(
    sync, registry, start_canary, canary_bytes, partner
):
    start_canary()
    sync.poll()

    registry.release(canary_bytes, "2", tags={"canary_share": "0.05"})
    sync.poll()

    assert partner() is None


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"guarded": "true"}, ("1", "Previous")),
        ({"guarded": "false"}, None),
        ({}, None),
    ],
)
def test_previous_guards_production_as_long_as_the_tag_says(
    sync, registry, iris_bytes, canary_bytes, partner, tags, expected
):
    registry.release(iris_bytes, "1", alias="Previous", tags={"canary_share": "1"})
    registry.release(canary_bytes, "2", tags={"guarded": "true"})
    sync.poll()
    assert partner() == ("1", "Previous")

    registry.release(canary_bytes, "2", tags=tags)
    sync.poll()

    assert partner() == expected


def test_a_canary_comes_before_the_guard(
    sync, registry, iris_bytes, canary_bytes, build_iris, partner
):
    registry.release(iris_bytes, "1", alias="Previous")
    registry.release(canary_bytes, "2", tags={"guarded": "true"})
    tags = {"canary_share": "0.5"}
    registry.release(build_iris(C=0.01), "3", alias="Canary", tags=tags)

    sync.poll()

    assert partner() == ("3", "Canary")


def test_a_fallback_has_no_partner(sync, registry, iris_bytes, canary_bytes, partner):
    registry.release(iris_bytes, "1", alias="Previous")
    tags = {"guarded": "true"}
    registry.release(canary_bytes, "2", digest="sha256:" + "0" * 64, tags=tags)

    sync.poll()

    assert partner() is None


def test_a_canary_stays_while_the_registry_is_unreachable(
    sync, registry, start_canary, partner
):
    start_canary()
    sync.poll()

    registry.failure = RegistryUnreachableError("down")
    sync.poll()

    assert partner() == ("2", "Canary")


def test_a_new_follower_leaves_a_canary_as_it_is(
    sync, registry, store, config, start_canary, partner, monkeypatch
):
    start_canary()
    sync.poll()

    def withdraw(role):
        assert role != PARTNER

    monkeypatch.setattr(store, "withdraw", withdraw)
    RegistrySync(registry, store, config).poll()

    assert partner() == ("2", "Canary")


@pytest.mark.parametrize("damage", ["model", "pointer"])
def test_a_damaged_canary_is_repaired(sync, store, start_canary, partner, damage):
    start_canary()
    sync.poll()
    if damage == "model":
        os.truncate(store.folder / store.published(PARTNER) / "model.onnx", 100)
    else:
        store.pointer(PARTNER).write_text("{")

    sync.poll()

    assert partner() == ("2", "Canary")
    assert store.read_report().damaged is None
    assert store.read_report().repairs == 1


def test_a_refused_canary_is_reported_beside_a_refused_shadow(
    registry, store, config, start_canary, wine_bytes, refusal
):
    sync = RegistrySync(registry, store, replace(config, shadow_alias="Challenger"))
    start_canary("much")
    registry.release(wine_bytes, "3", alias="Challenger", digest="")
    sync.poll()
    assert refusal() == (PARTNER, "2", "share")

    start_canary("0.1")
    sync.poll()

    assert refusal() == (SHADOW, "3", "digest")


def test_no_partner_is_published_without_production(
    sync, registry, start_canary, iris_bytes, partner, store
):
    start_canary()
    del registry.aliases["Production"]
    sync.poll()
    assert partner() is None

    registry.release(iris_bytes, "1")
    sync.poll()
    shutil.rmtree(store.folder / store.published(CURRENT))
    sync.poll()

    assert partner() == ("2", "Canary")
