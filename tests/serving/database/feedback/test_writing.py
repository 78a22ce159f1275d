"""Writing feedback, in SQLite and in PostgreSQL."""

from collections import Counter

import pytest

from serving.database.engine import connect
from serving.database.feedback.writing import (
    CHUNK,
    UnknownPredictionsError,
    Written,
    write_feedback,
)
from serving.database.tables import feedback
from tests.fixtures.forks import PROCESSES, start_process

ROWS = [("first", 0, "a"), ("second", 0, "a"), ("second", 1, "b"), ("second", 2, "b")]


@pytest.fixture
def write(url, open_engine, store_predictions):
    """Return a function that writes labels, each call in its own transaction."""
    store_predictions(url, *ROWS)
    engine = open_engine(url)

    def write(labels: dict, now: float = 1.0) -> Written:
        with engine.begin() as connection:
            return write_feedback(connection, "iris", labels, now)

    return write


def test_labels_are_stored_and_returned_with_the_predicted_class(
    write, url, read_feedback
):
    labels = {("first", 0): "a", ("second", 1): "a", ("second", 2): "a"}

    written = write(labels)

    assert written.new == Counter({("3", "b", "a"): 2, ("3", "a", "a"): 1})
    assert not written.changed
    assert read_feedback(url) == labels


def test_repeated_labels_change_nothing(write, open_engine, url):
    labels = {("first", 0): "a", ("second", 1): "b"}
    write(labels, now=1.0)

    written = write(labels, now=2.0)

    assert written == Written()
    with open_engine(url).connect() as connection:
        times = connection.execute(feedback.select()).all()
    assert [row.received_at for row in times] == [1.0, 1.0]


def test_the_last_label_stays(write, open_engine, url, read_feedback):
    write({("first", 0): "a", ("second", 1): "b"}, now=1.0)

    written = write(
        {("second", 1): "a", ("second", 2): "b", ("first", 0): "a"}, now=2.0
    )

    assert written.new == Counter({("3", "b", "b"): 1})
    assert written.changed == Counter({"3": 1})
    assert read_feedback(url)["second", 1] == "a"
    with open_engine(url).connect() as connection:
        rows = connection.execute(feedback.select()).all()
    times = {(row.prediction_id, row.row_index): row.received_at for row in rows}
    assert times == {("first", 0): 1.0, ("second", 1): 2.0, ("second", 2): 2.0}


def test_unknown_rows_are_named_and_nothing_is_written(write, url, read_feedback):
    labels = {("first", 0): "a", ("first", 1): "a", ("third", 0): "a"}

    with pytest.raises(UnknownPredictionsError) as raised:
        write(labels)

    assert raised.value.keys == {("first", 1), ("third", 0)}
    assert raised.value.known_ids == {"first"}
    assert read_feedback(url) == {}


def test_predictions_of_another_model_are_unknown(
    write, url, store_predictions, read_feedback
):
    store_predictions(url, ("wine", 0, "a"), model="wine")

    with pytest.raises(UnknownPredictionsError) as raised:
        write({("first", 0): "a", ("wine", 0): "a"})

    assert (raised.value.keys, raised.value.known_ids) == ({("wine", 0)}, set())
    assert read_feedback(url) == {}


@pytest.mark.parametrize(
    "place",
    [lambda i: ("batch", i), lambda i: (f"single-{i}", 0), lambda i: (f"{i % 7}", i)],
    ids=["one request", "many requests", "mixed"],
)
def test_long_lists_are_written(write, url, store_predictions, read_feedback, place):
    keys = [place(i) for i in range(2 * CHUNK + 1)]
    store_predictions(url, *[(*key, "a") for key in keys])
    write({key: "b" for key in keys[: CHUNK // 2]})

    written = write(dict.fromkeys(keys, "a"))

    assert written.new.total() == len(keys) - CHUNK // 2
    assert written.changed.total() == CHUNK // 2
    assert set(read_feedback(url).values()) == {"a"}


def give(url: str, label: str, barrier, found) -> None:
    """Write labels for all rows repeatedly, in another process."""
    engine = connect(url)
    new = changed = 0
    keys = [row[:2] for row in ROWS]
    barrier.wait()
    for turn in range(25):
        order = keys if turn % 2 else keys[::-1]
        for labels in (dict.fromkeys(order, label), {order[0]: label}):
            with engine.begin() as connection:
                written = write_feedback(connection, "iris", labels, 1.0)
            new += written.new.total()
            changed += written.changed.total()
    found.put((new, changed))


@pytest.mark.slow
@pytest.mark.parametrize("labels", [("a", "a"), ("a", "b")], ids=["same", "other"])
def test_a_row_is_new_to_one_of_several_processes(write, url, read_feedback, labels):
    barrier, found = PROCESSES.Barrier(2), PROCESSES.Queue()
    processes = [start_process(give, url, label, barrier, found) for label in labels]
    counts = [found.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()

    assert sum(new for new, _ in counts) == len(ROWS)
    assert set(read_feedback(url).values()) <= set(labels)
    if len(set(labels)) == 1:
        assert sum(changed for _, changed in counts) == 0
