"""Processes that are killed while they change a canary or a guard."""

import shutil
import signal
from dataclasses import replace

import pytest
from mlflow.tracking import MlflowClient

from iris_kedro.registry import Cause, Registry, Source
from iris_kedro.registry.storage import lock
from tests.iris_kedro.registry.test_kills import BETTER, start

pytestmark = pytest.mark.slow
CAUSE = Cause("because of the test", "watcher", {"e_worse": 120.0})
NEXT = replace(BETTER, fingerprint="next", compared_with="2", canary_share=0.05)


def start_canary(registry):
    registry.release(NEXT, Source("file:///next"))


def raise_share(registry):
    registry.set_canary_share("3", 0.25, CAUSE)


def stop(registry):
    registry.stop_canary("3", CAUSE)


def promote(registry):
    registry.promote_canary("3", CAUSE)


def promote_another(registry):
    registry.promote("1")


def end_guard(registry):
    registry.end_guard("2", CAUSE)


def roll_back(registry):
    registry.roll_back_guarded("2", CAUSE)


# Each change starts with version 2 in Production, guarded against 1, and 3 as the
# canary. Values: the result (aliases, shares, guarded versions), and the number of
# effects it has. The first ones take the lock, as in test_kills.py.
ROLES = {"Production": "2", "Previous": "1"}
BEFORE = ({**ROLES, "Canary": "3"}, {"3": "0.05"}, ["2"])
CHANGES = {
    start_canary: (({**ROLES, "Canary": "4"}, {"4": "0.05"}, ["2"]), 12),
    raise_share: (({**ROLES, "Canary": "3"}, {"3": "0.25"}, ["2"]), 6),
    stop: ((ROLES, {}, ["2"]), 8),
    promote: (({"Production": "3", "Previous": "2"}, {}, ["3"]), 13),
    promote_another: (({"Production": "1", "Previous": "2"}, {}, []), 12),
    end_guard: (({**ROLES, "Canary": "3"}, {"3": "0.05"}, []), 7),
    roll_back: (({"Production": "1", "Previous": "2"}, {}, []), 12),
}


def describe(registry):
    tags = {str(each.version): each.tags for each in registry.versions()}
    shares = {
        number: each["canary_share"]
        for number, each in tags.items()
        if "canary_share" in each
    }
    guarded = [
        number
        for number, each in tags.items()
        if {"guarded", "guarded_since"} & each.keys()
    ]
    return registry.aliases(), shares, guarded


@pytest.fixture(scope="session")
def prepared_canary(empty_database, tmp_path_factory):
    """Return a database with a guarded version in Production and a canary."""
    file = tmp_path_factory.mktemp("canary") / "mlflow.db"
    shutil.copy(empty_database, file)
    registry = Registry("iris", MlflowClient(f"sqlite:///{file}"))
    for name in ("first", "second", "third"):
        production = registry.aliases().get("Production")
        judged = replace(NEXT, fingerprint=name, compared_with=production)
        version = registry.release(judged, Source("file:///model"))
        if name == "second":
            registry.promote_canary(version, Cause())
    assert describe(registry) == BEFORE
    return file


@pytest.fixture
def uri(prepared_canary, tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "LEASE_SECONDS", float("inf"))
    shutil.copy(prepared_canary, tmp_path / "kills.db")
    return f"sqlite:///{tmp_path}/kills.db"


@pytest.mark.parametrize(
    ("action", "nth"),
    [
        (action, nth)
        for action, (_, effects) in CHANGES.items()
        for nth in range(5 if action is start_canary else 4, effects + 1)
    ],
)
def test_change_killed_before_an_effect_is_completed_or_undone(uri, action, nth):
    process = start(uri, action, nth)
    process.join()

    assert process.exitcode == -signal.SIGKILL
    registry = Registry("iris", MlflowClient(uri))
    registry.recover()
    assert describe(registry) in (BEFORE, CHANGES[action][0])
    assert all(event.is_complete for event in registry.history())
    assert registry.moves()[-1].to == registry.aliases()["Production"]
    if registry.hold():
        registry.resume()
    production = registry.aliases()["Production"]
    judged = replace(NEXT, fingerprint="another", compared_with=production)
    version = registry.release(judged, Source("file:///another"))
    assert registry.canary().version == version
    assert describe(registry)[1] == {version: "0.05"}
    tags = registry._model.read().tags
    assert not [key for key in tags if key.startswith("lock.")]


@pytest.mark.parametrize("action", CHANGES)
def test_change_that_is_not_killed_is_complete(uri, action):
    state, effects = CHANGES[action]
    process = start(uri, action, effects + 1)
    process.join()

    assert process.exitcode == 0
    assert describe(Registry("iris", MlflowClient(uri))) == state
