"""Killed and concurrent watchers lose no trigger and repeat no run."""

import os
import random
import signal
from itertools import count

import pytest

from iris_kedro.processes import find_start, is_same
from iris_kedro.watcher.records.lease import read_owner
from iris_kedro.watcher.rules import Kind
from tests.fixtures.processes import children_of, wait_until
from tests.iris_kedro.watcher.lab import Lab

pytestmark = pytest.mark.slow


@pytest.fixture
def lab(tmp_path, url, store):
    return Lab(tmp_path, url).prepare()


@pytest.fixture
def start(lab):
    processes = []

    def start(**parameters):
        processes.append(lab.start(**parameters))
        return processes[-1]

    yield start
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(30)
        assert process.exitcode is not None


def check(lab, store):
    """Check the invariants, however often a watcher was killed, once all is done."""
    wait_until(lambda: not store.list_waiting(), "all triggers are taken")
    wait_until(
        lambda: all(run.outcome for run in store.list_runs(store.read_time(), 999)),
        "all runs have ended",
    )
    records = store.list_decisions(10_000)
    outcomes = {each.id: each.outcome for each in records if each.action == "run"}
    results = {file.name for file in (lab.folder / "results").iterdir()}
    begun = lab.begun()
    assert not [event for event, *_ in lab.events() if event == "overlap"]
    assert len(begun) == len(set(begun))  # no decision was run twice
    assert store.list_waiting() == ()
    # Every run with a result was recorded as released, and no other one.
    assert {run for run, each in outcomes.items() if each == "released"} == results - {
        name for name in results if name.endswith(".new")
    }
    assert set(outcomes.values()) <= {"released", "interrupted"}


@pytest.mark.parametrize("seed", range(4))
def test_a_watcher_killed_at_random_moments_loses_nothing(lab, store, start, seed):
    chance = random.Random(seed)  # noqa: S311
    for _ in range(4):
        for number in range(chance.randint(0, 2)):
            store.add_trigger(Kind.WEBHOOK, f"trigger {number}")
        lab.plan("released", chance.uniform(0, 0.3))
        process = start()
        process.join(chance.uniform(0, 0.9))
        process.kill()
        process.join()
    store.add_trigger(Kind.WEBHOOK, "the last one")

    start()

    check(lab, store)


def test_several_watchers_handle_each_trigger_once(lab, store, engine, start):
    lab.plan("released", 0.02)
    start(), start(), start()
    numbers = count()

    def ask(runs):
        """Send triggers until there were enough runs."""
        store.add_trigger(Kind.WEBHOOK, f"trigger {next(numbers)}")
        return len(lab.begun()) >= runs

    wait_until(lambda: ask(5), "five runs have begun")
    with engine.begin() as connection:
        os.kill(read_owner(connection, "iris").pid, signal.SIGKILL)
    wait_until(lambda: ask(10), "ten runs have begun")

    check(lab, store)


@pytest.mark.parametrize("nth", range(1, 16))
def test_a_watcher_killed_before_an_effect_loses_nothing(lab, store, start, nth):
    lab.plan("released", 0.01)
    store.add_trigger(Kind.WEBHOOK, "one")
    process = start(killed_before=nth)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL

    start()

    wait_until(
        lambda: not store.list_waiting() and store.count_outcomes().get("released"),
        "the run is recorded",
    )
    check(lab, store)


def test_a_run_ends_with_its_watcher(lab, store, start):
    lab.plan("hang")
    store.add_trigger(Kind.WEBHOOK, "one")
    process = start()
    wait_until(lab.begun, "the run has begun")
    [job] = children_of(process.pid)
    started = find_start(job)

    process.kill()
    process.join()

    wait_until(lambda: not is_same(job, started), "the run has ended")


def test_run_that_outlives_its_watcher_is_stopped_by_the_next(lab, store, start):
    lab.plan("hang")
    store.add_trigger(Kind.WEBHOOK, "one")
    process = start()
    wait_until(lab.begun, "the run has begun")
    [job] = children_of(process.pid)
    started = find_start(job)
    os.kill(job, signal.SIGSTOP)  # does not notice that its parent has ended
    process.kill()
    process.join()
    lab.plan("released")

    start()

    wait_until(lambda: len(lab.begun()) == 2, "another run has begun")
    assert not is_same(job, started)
    wait_until(
        lambda: store.list_decisions(1)[0].outcome == "released",
        "the second run has ended",
    )
    outcomes = [each.outcome for each in store.list_decisions(9)]
    assert outcomes == ["interrupted", "released"]


def test_stopped_watcher_stops_its_run_and_records_the_result(lab, store, start):
    lab.plan("hang")
    trigger = store.add_trigger(Kind.WEBHOOK, "one")
    process = start()
    wait_until(lab.begun, "the run has begun")

    process.terminate()
    process.join(30)

    assert process.exitcode == 0
    assert [each.id for each in store.list_waiting()] == [trigger]
    [record] = store.list_decisions(9)
    assert (record.outcome, record.remark) == ("interrupted", "the watcher was stopped")


def test_a_killed_run_is_repeated(lab, store, start):
    lab.plan("hang")
    store.add_trigger(Kind.WEBHOOK, "one")
    process = start()
    wait_until(lab.begun, "the run has begun")
    [job] = children_of(process.pid)
    lab.plan("released")

    os.kill(job, signal.SIGKILL)

    wait_until(lambda: len(lab.begun()) == 2, "it has begun again")
    wait_until(
        lambda: store.list_decisions(1)[0].outcome == "released", "the run has ended"
    )
    first, _ = store.list_decisions(9)
    assert (first.outcome, first.remark) == ("failed", "killed by signal 9 (SIGKILL)")
