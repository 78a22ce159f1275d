"""What the follower publishes about versions and events."""

import errno
import json
from dataclasses import replace

import pytest

from serving.model.store import Store
from serving.registry.history import LONGEST_TEXT, MOST_EVENTS, MOST_VERSIONS
from serving.registry.mlflow_registry import MlflowRegistry
from serving.registry.registry import RegistryUnreachableError
from serving.registry.sync import RegistrySync


def event(day, **fields):
    """Return the key and value of an event, as training writes them."""
    at = f"2026-11-{day:02}T10:00:00+00:00"
    value = {"at": at, "action": "release", "by": "ada", "is_complete": True}
    return f"history.{at}".replace("+", "_"), json.dumps(value | fields)


@pytest.fixture
def tag(registry):
    """Return a function that sets a tag of the registered model."""

    def tag(key, value):
        registry.client.set_registered_model_tag("iris", key, value)

    return tag


@pytest.fixture
def read(registry, config):
    """Return a function that reads the history of the registry."""
    return MlflowRegistry(replace(config, tracking_uri=registry.uri)).read_history


@pytest.mark.slow
class TestMlflowRegistry:
    def test_versions_are_described_newest_first(self, registry, read, iris_bytes):
        first = registry.release(iris_bytes)
        second = registry.register(iris_bytes)
        registry.promote(second, "Canary")
        for key, value in {
            "metric.accuracy": "0.95",
            "metric.log_loss": "low",
            "candidate": "forest",
            "note": "x" * 1000,
        }.items():
            registry.client.set_model_version_tag("iris", second, key, value)

        newest, oldest = read()["versions"]

        assert (newest["version"], newest["aliases"]) == (second, ["Canary"])
        assert newest["metrics"] == {"accuracy": 0.95}
        assert newest["candidate"] == "forest"
        assert len(newest["note"]) == LONGEST_TEXT
        assert (oldest["version"], oldest["aliases"]) == (first, ["Production"])
        assert (oldest["verdict"], oldest["reasons"]) == ("released", ["better"])
        assert oldest["created_at"].endswith("Z")

    def test_history_is_bounded(self, registry, read, iris_bytes, tag):
        for _ in range(MOST_VERSIONS + 1):
            newest = registry.register(iris_bytes)
        for number in range(MOST_EVENTS + 1):
            tag(f"history.{number}", event(1)[1])

        history = read()

        assert len(history["versions"]) == MOST_VERSIONS
        assert history["versions"][0]["version"] == newest
        assert len(history["events"]) == MOST_EVENTS

    def test_older_versions_with_an_alias_are_described(
        self, registry, read, iris_bytes, monkeypatch
    ):
        monkeypatch.setattr("serving.registry.mlflow_registry.MOST_VERSIONS", 2)
        numbers = [registry.register(iris_bytes) for _ in range(6)]
        for alias, index in {"Previous": 1, "Production": 2, "Canary": 5}.items():
            registry.promote(numbers[index], alias)

        versions = read()["versions"]

        assert [(each["version"], each["aliases"]) for each in versions] == [
            ("6", ["Canary"]),
            ("5", []),
            ("3", ["Production"]),
            ("2", ["Previous"]),
        ]

    def test_events_are_complete_and_newest_first(
        self, registry, read, iris_bytes, tag
    ):
        registry.register(iris_bytes)
        tag(*event(1, to="1"))
        tag(*event(2, action="rollback", to="1", origin="2", reason="drift"))
        tag(*event(3, is_complete=False))
        tag("history.damaged", "{")

        events = read()["events"]

        assert [each["action"] for each in events] == ["rollback", "release"]
        assert (events[0]["origin"], events[0]["reason"]) == ("2", "drift")

    def test_hold_lasts_until_it_is_ended(self, registry, read, iris_bytes, tag):
        registry.register(iris_bytes)
        assert read()["hold"] is None

        tag(*event(1, action="rollback", hold="set", reason="drift"))
        tag(*event(2, action="canary stop"))
        hold = read()["hold"]
        assert (hold["by"], hold["action"], hold["reason"]) == (
            "ada",
            "rollback",
            "drift",
        )

        tag(*event(3, action="resume", hold="ended"))
        assert read()["hold"] is None

    def test_a_hold_that_is_under_way_holds(self, registry, read, iris_bytes, tag):
        registry.register(iris_bytes)
        tag(*event(1, action="rollback", hold="set", is_complete=False))
        assert read()["hold"]["action"] == "rollback"
        assert read()["events"] == []

        tag(*event(2, action="resume", hold="ended", is_complete=False))
        assert read()["hold"] is None

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ('{"verdict": "quiet"}', {"verdict": "quiet"}),
            ("[1]", None),
            ("quiet", None),
            ('{"effect": NaN}', None),
            ('{"verdict": "\\ud800"}', None),
            pytest.param('{"a":' * 300 + "1" + "}" * 300, None, id="deep"),
            pytest.param("[" * 4000, None, id="very deep"),
        ],
    )
    def test_documents_of_training_are_passed_on(
        self, registry, read, iris_bytes, tag, text, expected
    ):
        registry.register(iris_bytes)
        tag("monitoring", text)
        tag("trial", text)

        history = read()

        assert (history["monitoring"], history["trial"]) == (expected, expected)

    @pytest.mark.parametrize(
        ("tag", "value", "expected"),
        [
            ("metric.accuracy", "nan", {"metrics": {}}),
            ("metric.log_loss", "inf", {"metrics": {}}),
            ("reasons", "by hand", {"reasons": ["by hand"]}),
            pytest.param(
                "reasons", "[" * 2000, {"reasons": [f"{'[' * 499}…"]}, id="deep"
            ),
        ],
    )
    def test_invalid_tags_set_by_hand_are_ignored(
        self, registry, read, iris_bytes, tag, value, expected
    ):
        number = registry.register(iris_bytes)
        registry.client.set_model_version_tag("iris", number, tag, value)

        (version,) = read()["versions"]

        assert expected.items() <= version.items()

    def test_a_name_may_contain_an_apostrophe(self, registry, read):
        registry.client.create_registered_model("women's")
        registry.client.create_model_version("women's", "file:///nowhere")
        read.__self__._name = "women's"

        assert [each["version"] for each in read()["versions"]] == ["1"]

    @pytest.mark.parametrize("name", ["other", None])
    def test_there_is_no_history_of_an_unknown_model(self, read, name):
        read.__self__._name = name

        assert read() is None


@pytest.fixture
def sync(stub_registry, store, config, iris_bytes, monkeypatch):
    monkeypatch.setattr("serving.registry.sync.HISTORY_SECONDS", 0)
    stub_registry.release(iris_bytes, "1")
    return RegistrySync(stub_registry, store, config)


def test_follower_publishes_a_changed_history(sync, stub_registry, store):
    sync.poll()
    assert store.read_history() is None

    stub_registry.history = {"versions": []}
    sync.poll()
    before = store.stamp_history()
    sync.poll()
    assert store.stamp_history() == before

    stub_registry.history = {"versions": [1]}
    sync.poll()
    assert store.read_history() == {"versions": [1]}


def test_follower_continues_without_space_for_the_history(
    sync, stub_registry, store, monkeypatch, load_published
):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    stub_registry.history = {"versions": []}
    with monkeypatch.context() as patch:
        patch.setattr(Store, "write_history", fail)
        sync.poll()
    assert load_published(store).version.version == "1"
    assert store.read_report().errors == 0

    sync.poll()
    assert store.read_history() == {"versions": []}


def test_problems_of_the_history_are_logged_once(
    sync, stub_registry, monkeypatch, caplog
):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    def poll_twice(history):
        stub_registry.history = history
        sync.poll()
        sync.poll()

    unreadable = RegistryUnreachableError("not permitted")
    poll_twice(unreadable)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "write_history", fail)
        poll_twice({"versions": []})
    poll_twice({"versions": []})
    poll_twice(unreadable)

    assert [each for each in caplog.messages if "history" in each] == [
        "history cannot be read",
        "history cannot be written",
        "history cannot be read",
    ]
