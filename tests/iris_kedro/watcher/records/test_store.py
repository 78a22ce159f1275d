import pytest
from sqlalchemy import update

from iris_kedro.watcher.records.lease import Lease, LeaseLost
from iris_kedro.watcher.records.store import Result, Store
from iris_kedro.watcher.records.tables import decisions, metadata
from iris_kedro.watcher.rules import Action, Decision, Kind, Outcome

RUN = Decision(Action.RUN, "due", "because")


@pytest.fixture
def start(store, lease):
    def start():
        return store.decide(lease, RUN, store.list_waiting(), by="ada")

    return start


def finish(store, lease, run, outcome):
    store.finish(lease, run, Result(Outcome(outcome), "7", "better"))


def test_trigger_waits_until_a_decision_uses_it(store, start):
    first = store.add_trigger(Kind.WEBHOOK, "one")
    second = store.add_trigger(Kind.SOURCE, "two")

    waiting = store.list_waiting()
    start()

    assert [(each.id, each.kind) for each in waiting] == [
        (first, Kind.WEBHOOK),
        (second, Kind.SOURCE),
    ]
    assert store.list_waiting() == ()


def test_triggers_and_decisions_are_in_order_of_arrival(engine, store):
    for number in range(20):
        store.add_trigger(Kind.WEBHOOK, f"trigger {number}")
        store.reset("ada", f"reset {number}")
    with engine.begin() as connection:  # within a tick of the clock
        for table in ("triggers", "decisions"):
            changed = metadata.tables[f"watcher_{table}"].update()
            name = "received_at" if table == "triggers" else "decided_at"
            connection.execute(changed.values({name: 1e9}))

    waiting = [each.reason for each in store.list_waiting()]
    decided = [each.reason for each in store.list_decisions(99)]

    assert waiting == [f"trigger {number}" for number in range(20)]
    assert decided == [f"reset {number}" for number in range(20)]


def test_the_same_observation_is_one_trigger(store, start):
    first = store.add_trigger(Kind.SCHEDULE, "at nine", "schedule 9")
    start()

    assert store.add_trigger(Kind.SCHEDULE, "at nine", "schedule 9") == first
    assert store.list_waiting() == ()


def test_models_share_nothing(engine, store):
    other = Store(engine, "penguins")
    other.add_trigger(Kind.SCHEDULE, "at nine", "schedule 9")
    other.reset("ada", "")

    store.add_trigger(Kind.SCHEDULE, "at nine", "schedule 9")

    assert len(store.list_waiting()) == len(other.list_waiting()) == 1
    assert store.find_reset() is None
    assert store.list_decisions(9) == []


@pytest.mark.parametrize("outcome", ["released", "refused", "held", "unchanged"])
def test_triggers_of_a_run_with_a_result_are_handled(store, lease, start, outcome):
    store.add_trigger(Kind.WEBHOOK, "one")
    run = start()

    finish(store, lease, run, outcome)

    assert store.list_waiting() == ()
    [record] = store.list_decisions(9)
    assert (record.outcome, record.version, record.remark) == (outcome, "7", "better")
    assert record.finished_at >= record.decided_at


@pytest.mark.parametrize("outcome", ["failed", "interrupted"])
def test_triggers_of_a_run_without_a_result_wait_again(store, lease, start, outcome):
    trigger = store.add_trigger(Kind.WEBHOOK, "one")
    run = start()

    finish(store, lease, run, outcome)

    assert [each.id for each in store.list_waiting()] == [trigger]


def test_result_of_a_run_is_recorded_once(store, lease, start):
    run = start()
    finish(store, lease, run, "released")

    finish(store, lease, run, "failed")

    assert store.list_decisions(1)[0].outcome is Outcome.RELEASED


def test_no_decision_after_the_lease_is_lost(engine, store, lease, start):
    store.add_trigger(Kind.WEBHOOK, "one")
    run = start()
    lease.release()
    Lease(engine, "iris", 60).take()

    for write in (
        start,
        lambda: finish(store, lease, run, "failed"),
        lambda: store.write_note(lease, "name", "value"),
    ):
        with pytest.raises(LeaseLost):
            write()

    assert len(store.list_decisions(9)) == 1
    assert store.read_note("name") is None


def test_runs_of_the_last_day_and_the_newest_are_listed(engine, store, lease, start):
    ids = [start() for _ in range(6)]
    store.decide(lease, Decision(Action.WAIT, "cooldown", "later"), by="ada")
    now = store.read_time()
    with engine.begin() as connection:
        for number, each in enumerate(ids):
            when = now - (6 - number) * 8 * 3600
            change = update(decisions).where(decisions.c.id == each)
            connection.execute(change.values(decided_at=when))

    found = {newest: store.list_runs(now, newest) for newest in (1, 4, 9)}

    assert [each.id for each in found[1]] == ids[-2:]
    assert [each.id for each in found[4]] == ids[-4:]
    assert [each.id for each in found[9]] == ids


def test_a_reset_is_a_decision(store):
    store.reset("ada", "the data is fixed")

    [record] = store.list_decisions(1)
    assert (record.action, record.by) == (Action.RESET, "ada")
    assert store.find_reset() == record.decided_at


def test_decisions_and_outcomes_are_counted(store, lease, start):
    for outcome in ("released", "released", "refused"):
        finish(store, lease, start(), outcome)
    store.decide(lease, Decision(Action.SKIP, "nothing new", "no"), by="ada")

    assert store.count_decisions() == {("run", "due"): 3, ("skip", "nothing new"): 1}
    assert store.count_outcomes() == {"released": 2, "refused": 1}


def test_note_replaces_the_one_before(store, lease):
    store.write_note(lease, "source", "one")
    store.write_note(lease, "source", "two")

    assert store.read_note("source") == "two"
    assert store.read_note("other") is None
