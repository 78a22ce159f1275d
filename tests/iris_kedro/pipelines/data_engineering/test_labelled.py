import json
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from iris_kedro.pipelines.data_engineering.labelled import (
    describe_origins,
    select_labelled,
)
from iris_kedro.pipelines.data_engineering.nodes import archive, clean, split
from iris_kedro.specification import DatasetSplit, LabelledRows
from iris_kedro.specification.data.dataset import Rows
from iris_kedro.tables.labelled import PREDICTED_AT


@pytest.fixture
def raw(iris_csv):
    return pd.read_csv(BytesIO(iris_csv))


@pytest.fixture
def draw(raw, dataset):
    """Return a function that draws labelled rows, the same ones first."""
    names = dict(zip(raw.columns[:4], dataset.columns, strict=True))

    def draw(count, noise=0.01):
        # Each row has its own generator, so that more rows begin with the same ones.
        generators = [np.random.default_rng(number) for number in range(count)]
        rows = [raw.iloc[each.integers(len(raw))] for each in generators]
        noises = [each.uniform(0, noise, 4) for each in generators]
        return b"".join(
            json.dumps(
                {
                    "prediction_id": f"id{number}",
                    "row_index": 0,
                    "predicted_at": 1_800_000_000 + 86_400 * number,
                    "label": row["species"],
                    "features": {
                        name: row[header] + each
                        for (header, name), each in zip(
                            names.items(), noises[number], strict=True
                        )
                    },
                }
            ).encode()
            + b"\n"
            for number, row in enumerate(rows)
        )

    return draw


@pytest.fixture
def engineer(raw, dataset, split_parameters):
    """Return a function that runs the nodes in their order."""

    def engineer(lines, dataset=dataset, raw=raw):
        selected = select_labelled(lines, dataset)
        cleaned = clean(raw, dataset, selected.data)
        sides = split(cleaned.data, dataset, split_parameters)
        origins = describe_origins(selected.report, sides.train, sides.test, "my.csv")
        return cleaned, sides, origins

    return engineer


def number(rows):
    times = rows[PREDICTED_AT].dropna()
    return set(((times - 1_800_000_000) // 86_400).astype(int))


@pytest.mark.parametrize(("enabled", "kept"), [(True, b"x"), (False, None)])
def test_labelled_rows_are_archived_if_enabled(enabled, kept):
    file = archive(b"raw", "my.csv", b"x", LabelledRows(enabled=enabled))

    assert file.labelled == kept


def test_labelled_rows_are_cleaned_and_split_like_others(engineer, draw):
    cleaned, sides, _ = engineer(draw(60))

    assert len(cleaned.data) == 149 + 60
    assert cleaned.data[:149].drop(columns=PREDICTED_AT).equals(engineer(b"")[0].data)
    assert len(number(sides.train)) > 30
    assert len(number(sides.test)) > 5
    assert number(sides.train) | number(sides.test) == set(range(60))


def test_nothing_changes_without_labelled_rows(engineer, raw, dataset):
    cleaned, _, origins = engineer(b"")

    pd.testing.assert_frame_equal(cleaned.data, clean(raw, dataset).data)
    assert origins == ({"source": "my.csv", "labelled": None}, {})


def test_rows_stay_on_their_side_when_more_are_labelled(engineer, draw):
    _, before, _ = engineer(draw(40))

    _, after, _ = engineer(draw(120))

    assert number(before.train) <= number(after.train)
    assert number(before.test) <= number(after.test)
    raw_rows = before.train[before.train[PREDICTED_AT].isna()]
    pd.testing.assert_frame_equal(after.train[: len(raw_rows)], raw_rows)


@pytest.mark.parametrize(("duplicates", "rows"), [("drop", 149), ("keep", 150 + 20)])
def test_duplicates_of_other_rows_follow_the_specification(
    engineer, draw, dataset, duplicates, rows
):
    policy = dataset.model_copy(update={"rows": Rows(duplicates=duplicates)})

    cleaned, _, origins = engineer(draw(20, noise=0), policy)

    assert len(cleaned.data) == rows
    labelled = origins.report["labelled"]
    assert labelled["duplicates"] == (20 if duplicates == "drop" else 0)
    # They do not count as lost: nothing is wrong with the raw file.
    assert cleaned.report["rows_clean"]["value"] == rows - 20 * (duplicates == "keep")


def test_row_with_another_label_is_not_a_duplicate(engineer, draw):
    label = json.loads(draw(1))["label"]
    other = "setosa" if label == "virginica" else "virginica"

    cleaned, *_ = engineer(draw(1) + draw(1).replace(label.encode(), other.encode()))

    assert cleaned.data["species"].tolist()[149:] == [label, other]


def test_origins_count_labelled_rows_and_explain_those_left_out(engineer, draw):
    invalid = draw(1).replace(b'"sepal_length": ', b'"sepal_length": 9')
    lines = draw(30) + invalid + draw(1)

    _, sides, origins = engineer(lines)

    train, test = len(number(sides.train)), len(number(sides.test))
    assert train + test == 30
    assert origins.report == {
        "source": "my.csv",
        "labelled": {
            "rows": 32,
            "left_out": [
                {
                    "reason": "sepal_length is not a number from 0.1 to 20",
                    "rows": 1,
                    "prediction_id": "id0",
                    "row_index": 0,
                }
            ],
            "duplicates": 1,
            "train": {"rows": len(sides.train), "labelled": train},
            "test": {"rows": len(sides.test), "labelled": test},
            "first": "2027-01-15",
            "last": "2027-02-13",
        },
    }
    values = {name: each["value"] for name, each in origins.metrics.items()}
    assert values == {
        "rows": 32,
        "left_out": 1,
        "duplicates_dropped": 1,
        "train": train,
        "test": test,
    }


def test_latest_predictions_are_held_out_by_time(engineer, draw, dataset, raw):
    days = pd.date_range("2026-01-01", periods=len(raw)).strftime("%Y-%m-%d")
    timed = dataset.model_copy(
        update={"split": DatasetSplit(method="time", column="day")}
    )
    shuffled = raw.assign(day=days).sample(frac=1, random_state=0)
    shuffled["day"] = days

    _, sides, _ = engineer(draw(100), timed, shuffled)

    latest = max(number(sides.train), default=-1)
    assert number(sides.test) == set(range(latest + 1, 100))
