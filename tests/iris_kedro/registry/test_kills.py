"""Processes that are killed while they change the registry, and the next ones."""

import os
import random
import shutil
import signal
from dataclasses import replace

import pytest
from mlflow.tracking import MlflowClient

from iris_kedro.registry import JudgedModel, Registry, Source
from iris_kedro.registry.storage import lock
from tests.fixtures.forks import PROCESSES, start_process

EFFECTS = [
    "create_model_version",
    "create_registered_model",
    "delete_model_version",
    "delete_model_version_tag",
    "delete_registered_model_alias",
    "delete_registered_model_tag",
    "set_model_version_tag",
    "set_registered_model_alias",
    "set_registered_model_tag",
    "update_model_version",
]
BETTER = JudgedModel(
    fingerprint="better",
    run_id="",
    promotes=True,
    compared_with="3",
    judgement={"verdict": "better"},
    tags={},
    description="# Better",
)
POOR = replace(BETTER, fingerprint="poor", promotes=False)
AGAIN = replace(BETTER, fingerprint="challenger", description="# Judged again")

pytestmark = pytest.mark.slow


def release(registry):
    registry.release(BETTER, Source("file:///better"))


def refuse(registry):
    registry.release(POOR, Source("file:///poor"))


def release_again(registry):
    registry.release(AGAIN, None)


def promote(registry):
    registry.promote("4", "because of the test")


def roll_back(registry):
    registry.rollback()


def prune(registry):
    registry.prune(0)


# What each of them leaves when it is complete, the first effect before which it is
# killed, and how many effects it has. The first ones take the lock, in the same way in
# all of them: only a release is killed there.
CHANGES = {
    release: ({"Production": "5", "Previous": "3", "Challenger": "4"}, 1, 10),
    refuse: ({"Production": "3", "Previous": "2", "Challenger": "5"}, 5, 7),
    release_again: ({"Production": "4", "Previous": "3"}, 5, 13),
    promote: ({"Production": "4", "Previous": "3"}, 4, 8),
    roll_back: ({"Production": "2", "Previous": "3", "Challenger": "4"}, 4, 7),
    prune: ({"Production": "3", "Previous": "2", "Challenger": "4"}, 4, 6),
}
BEFORE = {"Production": "3", "Previous": "2", "Challenger": "4"}


def change(uri, action, nth, is_ready):
    """Make a change, and kill this process before its nth effect."""
    effects = iter(range(1, nth))

    def kill_before_nth(effect):
        def call(*args, **kwargs):
            if next(effects, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)
            return effect(*args, **kwargs)

        return call

    for name in EFFECTS:
        setattr(MlflowClient, name, kill_before_nth(getattr(MlflowClient, name)))
    registry = Registry("iris", MlflowClient(uri))
    registry.aliases()
    is_ready.set()
    action(registry)


@pytest.fixture(scope="session")
def prepared(empty_database, tmp_path_factory):
    """Return a database with a version in each role, and an old refused one."""
    file = tmp_path_factory.mktemp("kills") / "mlflow.db"
    shutil.copy(empty_database, file)
    registry = Registry("iris", MlflowClient(f"sqlite:///{file}"))
    names = {"old": False, "first": True, "second": True, "challenger": False}
    for name, promotes in names.items():
        judged = replace(
            BETTER,
            fingerprint=name,
            promotes=promotes,
            compared_with=registry.aliases().get("Production"),
        )
        registry.release(judged, Source("file:///model"))
    return file


@pytest.fixture
def uri(prepared, tmp_path, monkeypatch):
    # The process is detected as dead, before its ticket expires.
    monkeypatch.setattr(lock, "LEASE_SECONDS", float("inf"))
    shutil.copy(prepared, tmp_path / "kills.db")
    return f"sqlite:///{tmp_path}/kills.db"


def start(uri, action, nth=10**9):
    is_ready = PROCESSES.Event()
    process = start_process(change, uri, action, nth, is_ready)
    is_ready.wait()
    return process


def check(registry, action):
    """Check that the change is complete or undone, and that others can continue."""
    registry.recover()
    if action is prune:
        registry.prune(0)
    assert registry.aliases() in (BEFORE, CHANGES[action][0])
    assert all(event.is_complete for event in registry.history())
    assert registry.moves()[-1].to == registry.aliases()["Production"]
    assert not any(
        {"pending_release", "note"} & version.tags.keys()
        for version in registry.versions()
    )
    if registry.hold():
        registry.resume()
    production = registry.aliases()["Production"]
    judged = replace(BETTER, fingerprint="next", compared_with=production)
    assert (
        registry.release(judged, Source("file:///next"))
        == (registry.aliases()["Production"])
    )
    tags = registry._model.read().tags
    assert not [key for key in tags if key.startswith(("lock.", "pruned."))]


@pytest.mark.parametrize(
    ("action", "nth"),
    [
        (action, nth)
        for action, (_, first, effects) in CHANGES.items()
        for nth in range(first, effects + 1)
    ],
)
def test_change_killed_before_an_effect_is_completed_or_undone(uri, action, nth):
    process = start(uri, action, nth)
    process.join()

    assert process.exitcode == -signal.SIGKILL
    check(Registry("iris", MlflowClient(uri)), action)


@pytest.mark.parametrize("action", CHANGES)
def test_change_that_is_not_killed_is_complete(uri, action):
    aliases, _, effects = CHANGES[action]
    process = start(uri, action, effects + 1)
    process.join()

    assert process.exitcode == 0
    assert Registry("iris", MlflowClient(uri)).aliases() == aliases


@pytest.mark.parametrize("seed", range(5))
def test_change_killed_at_a_random_moment_is_completed_or_undone(uri, seed):
    chance = random.Random(seed)  # noqa: S311
    action = chance.choice(list(CHANGES))
    process = start(uri, action)
    process.join(chance.uniform(0, 0.7))
    process.kill()
    process.join()

    check(Registry("iris", MlflowClient(uri)), action)


def test_release_killed_after_registration_is_completed_by_the_next(uri):
    process = start(uri, release, nth=5)  # create, ticket, number, version | promotion
    process.join()
    registry = Registry("iris", MlflowClient(uri))

    registry.recover()

    assert process.exitcode == -signal.SIGKILL
    assert registry.aliases() == CHANGES[release][0]
    assert registry.fingerprints()["better"] == "5"
