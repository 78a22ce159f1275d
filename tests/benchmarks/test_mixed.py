"""The mixed rows of the serving benchmark."""

import json
from io import BytesIO
from types import SimpleNamespace

import pandas as pd
import pytest

from benchmarks.serving import mixed, run
from iris_kedro.profiling import profile_table


def test_table_has_every_type_and_missing_values():
    text = mixed.write_table()

    table = pd.read_csv(BytesIO(text.encode()), dtype=str, keep_default_na=False)
    profile = profile_table(table, mixed.TARGET)

    guessed = {each.name: each.feature for each in profile.guesses}
    types = {name: each.get("type", "number") for name, each in guessed.items()}
    assert types == {
        "deck": "integer",
        "sex": "category",
        "age": "number",
        "siblings": "integer",
        "fare": "number",
        "port": "category",
        "alone": "boolean",
    }
    gaps = [name for name, each in guessed.items() if each.get("nullable")]
    assert gaps == ["age", "port"]


def test_rows_are_the_same_each_time_and_have_missing_values():
    draw = mixed.draw_passengers

    rows = draw(100)

    assert rows == draw(100)
    assert any(row["age"] is None for row in rows)
    assert any(row["port"] is None for row in rows)


def test_all_contenders_get_the_same_rows():
    for name in ("row", "objects"):
        bodies = {
            each.forms[name].write(each.draw(3)).body for each in mixed.CONTENDERS
        }

        (body,) = map(json.loads, bodies)
        rows = [body] if name == "row" else body["instances"]
        assert rows == mixed.draw_passengers(3)[: len(rows)]


@pytest.fixture
def server():
    """Respond like a server of mixed rows, and record the number of rows."""
    server = SimpleNamespace(contender=mixed.CONTENDERS[0], asked=[])

    def ask(_, rows):
        server.asked.append(len(rows))
        labels = ["died"] * len(rows)
        return {"predictions": labels, "prediction": "died"}

    server.ask = ask
    return server


def test_predictions_are_compared_in_each_format(server):
    run.check_answers(server, {})

    assert server.asked == [1, run.BATCH]


def test_different_predictions_stop_the_benchmark(server):
    expected = {"1 labels": ["survived"]}

    with pytest.raises(SystemExit, match="iris-kedro answers row differently"):
        run.check_answers(server, expected)
