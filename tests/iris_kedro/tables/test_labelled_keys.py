import json

import pandas as pd
import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.specification import DatasetSplit
from iris_kedro.tables.labelled import PREDICTED_AT, read_labelled
from iris_kedro.tables.labelled_keys import add_keys

FLOWER = {
    "prediction_id": "id",
    "row_index": 0,
    "predicted_at": 1_800_000_000.5,
    "label": "setosa",
    "features": {
        "sepal_length": 5.1,
        "sepal_width": 3.5,
        "petal_length": 1.4,
        "petal_width": 0.2,
    },
}


def by(dataset, method, column):
    split = DatasetSplit(method=method, column=column)
    return dataset.model_copy(update={"split": split})


def add(dataset, raw):
    rows, _ = read_labelled(json.dumps(FLOWER).encode(), dataset)
    headers = {name: name for name in [*dataset.columns, "species"]}
    return add_keys(rows, pd.DataFrame(raw), headers, dataset)


def test_hash_needs_no_keys(dataset):
    assert list(add(dataset, {})) == [*dataset.columns, "species", PREDICTED_AT]


def test_group_is_that_of_the_feature(dataset):
    raw = {"petal_width": [0.2], "sepal_width": [3.0]}

    rows = add(by(dataset, "group", "petal_width"), raw)

    assert rows["group: petal_width"].tolist() == ["0.2"]


def test_unknown_group_is_refused(dataset):
    with pytest.raises(ProjectError, match="'plant', which labelled predictions lack"):
        add(by(dataset, "group", "plant"), {"plant": ["a"]})


def test_time_is_that_of_the_prediction_where_the_column_has_dates(dataset):
    raw = {"day": ["2026-01-31", "2026-02-01"]}

    rows = add(by(dataset, "time", "day"), raw)

    assert rows["time: day"].tolist() == [
        pd.Timestamp(1_800_000_000.5, unit="s", tz="UTC")
    ]
    assert rows["time: day"].dtype == "datetime64[us, UTC]"


def test_time_is_that_of_the_feature(dataset):
    rows = add(by(dataset, "time", "petal_width"), {"petal_width": [0.1]})

    assert rows["time: petal_width"].tolist() == [0.2]


def test_times_that_are_other_numbers_are_refused(dataset):
    with pytest.raises(ProjectError, match="'year', which contains numbers"):
        add(by(dataset, "time", "year"), {"year": ["2007", "2008"]})
