from datetime import timedelta

import pytest
from sqlalchemy import event

from iris_kedro.canary.findings import evaluate
from iris_kedro.canary.pairs import read_pairs

BUDGET = 5.0  # milliseconds
ROWS = [
    ("a", "a", "a"),
    ("a", "b", "a"),
    ("a", "b", "a"),
    ("b", "a", "a"),
    ("b", "b", "a"),
    ("b", "b", None),
]


def test_rows_are_counted_by_look_class_and_label(engine, answer, make_trial):
    trial = make_trial()
    answer(trial, ROWS)
    answer(trial, [("b", "a", "b")], after_hours=2.5)

    pairs = read_pairs(engine, "iris", trial, BUDGET)

    assert (pairs.rows, pairs.agreeing) == (7, 3)
    assert pairs.gained_by_class.tolist() == [[2, 0, 0], [1, 0, 1]]
    assert pairs.lost_by_class.tolist() == [[1, 0, 1], [2, 0, 0]]
    # Both are correct, only the canary, only Production, neither.
    assert pairs.labels.tolist() == [[1, 0, 0], [2, 0, 1], [1, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "penguins"},
        {"version": "1"},
        {"other_version": "7"},
        {"other_version": None, "other_prediction": None},
        {"predicted_at": 0.0},
    ],
)
def test_rows_of_other_trials_do_not_count(engine, answer, make_trial, changes):
    trial = make_trial()
    answer(trial, ROWS, **changes)

    pairs = read_pairs(engine, "iris", trial, BUDGET)

    assert pairs.rows == pairs.labels.sum() == pairs.surer.sum() == 0


def test_requests_that_the_version_failed_on_are_counted(engine, answer, make_trial):
    trial = make_trial()
    failed = {
        "version": trial.against,
        "other_version": trial.version,
        "other_prediction": None,
        "other_probabilities": None,
    }
    answer(trial, ROWS[:2], **failed)
    answer(trial, ROWS[:1], **failed | {"row_index": 1})  # of the same request
    answer(trial, ROWS[:1], **failed | {"other_version": None})

    assert read_pairs(engine, "iris", trial, BUDGET).errors == 2


def test_rows_at_the_share_are_those_since_it_was_set(engine, answer, make_trial):
    trial = make_trial()
    later = make_trial(share_since=trial.since + timedelta(hours=1))
    answer(trial, ROWS)
    answer(trial, ROWS[:2], after_hours=1.5)

    pairs = read_pairs(engine, "iris", later, BUDGET)

    assert (pairs.rows, pairs.rows_at_share) == (8, 2)


def test_confidence_is_that_of_the_answer(engine, answer, make_trial):
    trial = make_trial()
    answer(trial, ROWS[:4], sure=(0.6, 0.8))
    answer(trial, ROWS[:1], sure=(0.9, 0.8), after_hours=1.2)

    pairs = read_pairs(engine, "iris", trial, BUDGET)

    assert pairs.confidence == pytest.approx((0.66, 0.8))
    assert pairs.surer.tolist() == [[0, 1], [4, 0]]


def test_answer_below_one_half_has_its_own_probability(engine, answer, make_trial):
    trial = make_trial()
    answer(trial, ROWS[:1], probabilities='{"a": 0.3, "b": 0.7}')

    assert read_pairs(engine, "iris", trial, BUDGET).confidence[0] == 0.3


def test_corrected_label_counts_once(engine, answer, make_trial, url):
    trial = make_trial()
    answer(trial, ROWS)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE feedback SET label = 'b'")

    labels = read_pairs(engine, "iris", trial, BUDGET).labels

    assert labels.sum(axis=1).tolist() == [1, 1, 2, 1]


def test_no_rows_show_nothing(engine, make_trial, canary_parameters):
    found = evaluate(
        read_pairs(engine, "iris", make_trial(), BUDGET), canary_parameters
    )

    assert (found.rows, found.labelled, found.agreement, found.loss) == (0, 0, 1.0, 0.0)
    assert found.e_worse == found.e_not_worse == found.e_class_shift == 1.0


def test_effects_are_shares_of_the_rows(engine, answer, make_trial, canary_parameters):
    trial = make_trial()
    answer(trial, [("a", "a", "a")] * 80 + [("b", "a", "a")] * 20, sure=(0.7, 0.8))

    found = evaluate(read_pairs(engine, "iris", trial, BUDGET), canary_parameters)

    assert (found.agreement, found.class_shift, found.loss) == (0.8, 0.2, 0.2)
    assert (found.accuracy, found.other_accuracy) == (0.8, 1.0)
    assert (found.gained, found.lost, found.labelled) == (0, 20, 100)
    assert found.confidence_loss == pytest.approx(0.1)
    assert found.e_worse > 1000
    assert found.e_class_shift > 1000
    assert found.e_less_sure > 1000
    assert found.e_not_worse < 1.5


def test_evidence_of_a_look_is_not_forgotten(
    engine, answer, make_trial, canary_parameters
):
    trial = make_trial()
    answer(trial, [("b", "a", "a")] * 10)
    first = evaluate(read_pairs(engine, "iris", trial, BUDGET), canary_parameters)
    answer(trial, [("a", "b", "a")] * 30, after_hours=2)

    later = evaluate(read_pairs(engine, "iris", trial, BUDGET), canary_parameters)

    assert later.e_worse == first.e_worse > 100
    assert later.loss < 0 < first.loss


def test_requests_above_the_budget_are_counted_for_each_model(
    engine, answer, make_trial
):
    trial = make_trial()
    for seconds, other_seconds in ((0.009, 0.001), (0.001, 0.009), (0.009, 0.009)):
        answer(trial, ROWS[:1], seconds=seconds, other_seconds=other_seconds)
    answer(trial, ROWS[:1], after_hours=1.5, seconds=0.009, other_seconds=0.001)
    answer(trial, ROWS[:1], row_index=1, seconds=0.009, other_seconds=0.001)
    answer(trial, ROWS[:1])  # not timed

    pairs = read_pairs(engine, "iris", trial, BUDGET)

    assert pairs.slow.tolist() == [[1, 1], [1, 0], [3, 1]]


def test_first_rows_and_labels_of_each_hour_are_compared(
    engine, answer, make_trial, monkeypatch
):
    monkeypatch.setattr("iris_kedro.canary.looks.MOST_ROWS", 50)
    trial = make_trial()
    for hour in (0, 5):
        for minute in range(4):
            rows = [("a", "b", "a")] * (60 if minute == 0 else 500)
            answer(trial, rows, after_hours=hour + minute / 60, seconds=1.0)
    answer(trial, [("b", "a", "a")] * 9, after_hours=5.9)

    pairs = read_pairs(engine, "iris", trial, BUDGET)

    assert (pairs.rows, pairs.agreeing) == (100, 0)
    assert pairs.gained_by_class[0].tolist() == [50, 0, 0, 0, 0, 50]
    assert pairs.labels[1].tolist() == [50, 0, 0, 0, 0, 50]
    assert pairs.slow[2].tolist() == [50, 0, 0, 0, 0, 50]


def test_statements_read_parts_of_an_index_and_few_rows_are_fetched(
    engine, answer, make_trial
):
    trial = make_trial()
    for hour in range(3):
        answer(trial, ROWS * 200, after_hours=hour, seconds=1.0)
    statements = []

    @event.listens_for(engine, "before_cursor_execute")
    def collect(_, __, statement, values, *___):
        statements.append((statement, values))

    read_pairs(engine, "iris", trial, BUDGET)

    fetched = 0
    with engine.connect() as connection:
        for statement, values in statements[:-1]:  # the last one is for confidence
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            steps = [row[-1] for row in plan]
            tables = [step for step in steps if "predictions" in step]
            tables += [step for step in steps if "feedback" in step]
            assert tables
            assert all("SEARCH" in step for step in tables), steps
            assert not any("FOR ORDER BY" in step for step in steps), steps
            fetched += len(connection.exec_driver_sql(statement, values).fetchall())
    assert fetched < 50


def test_a_wrong_clock_does_not_add_looks(engine, answer, make_trial):
    trial = make_trial()
    answer(trial, ROWS)
    with engine.begin() as connection:
        key = "'id 1', 1, 'a', 4e9"  # in the year 2096, without a prediction
        connection.exec_driver_sql(f"INSERT INTO feedback VALUES ({key})")  # noqa: S608
        connection.exec_driver_sql(
            "UPDATE feedback SET received_at = received_at - 600 WHERE row_index = 0"
        )

    labels = read_pairs(engine, "iris", trial, BUDGET).labels

    assert labels.tolist() == [[1], [2], [1], [1]]


def test_a_model_that_exceeds_the_budget_more_often_is_slower(
    engine, answer, make_trial, canary_parameters
):
    trial = make_trial()
    answer(trial, ROWS[:1] * 40, seconds=0.009, other_seconds=0.001)
    answer(trial, ROWS[:1] * 60, seconds=0.001, other_seconds=0.001)

    found = evaluate(read_pairs(engine, "iris", trial, BUDGET), canary_parameters)

    assert found.slower == pytest.approx(0.4)
    assert found.e_slower > 100
