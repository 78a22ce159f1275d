import json

import numpy as np
import pandas as pd
import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.specification import DatasetSplit
from iris_kedro.tables.labelled import PREDICTED_AT, read_labelled
from tests.iris_kedro import passengers

FLOWER = {
    "sepal_length": 5.1,
    "sepal_width": 3.5,
    "petal_length": 1.4,
    "petal_width": 0.2,
}
PASSENGER = {
    "deck": "1",
    "sex": "male",
    "age": 31.5,
    "siblings": 2,
    "fare": 7.25,
    "port": "Southampton",
    "alone": True,
}


def write(*rows):
    """Write JSON lines of features and labels, one second apart."""
    lines = [
        json.dumps(
            {
                "prediction_id": f"id{number}",
                "row_index": number,
                "predicted_at": 1_800_000_000.5 + number,
                "label": label,
                "features": features,
            }
        )
        for number, (features, label) in enumerate(rows)
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def test_labelled_row_has_the_values_of_the_request(dataset):
    rows, left_out = read_labelled(write((FLOWER, "setosa")), dataset)

    assert rows.to_dict("records") == [
        {**FLOWER, "species": "setosa", PREDICTED_AT: 1_800_000_000.5}
    ]
    assert left_out == []


def test_all_types_and_gaps_are_those_of_a_raw_file():
    gaps = {**PASSENGER, "age": None, "port": None, "alone": None}
    names = {**PASSENGER, "port": "NA", "alone": False}
    lines = write((PASSENGER, "0"), (gaps, "1"), (names, "1.0"))

    rows, left_out = read_labelled(lines, passengers.describe())

    first, second, third = rows.drop(columns=PREDICTED_AT).to_dict("records")
    assert first == {**PASSENGER, "alone": 1.0, "survived": "0"}
    assert np.isnan([second["age"], second["alone"]]).all()
    assert pd.isna(second["port"])
    assert (third["port"], third["alone"], third["survived"]) == ("NA", 0.0, "1")
    assert left_out == []


def test_without_lines_there_are_no_rows(dataset):
    rows, left_out = read_labelled(b"", dataset)

    assert rows.columns.tolist() == [*dataset.columns, "species", PREDICTED_AT]
    assert len(rows) == 0
    assert left_out == []


@pytest.mark.parametrize(
    ("change", "label", "reason"),
    [
        ({"siblings": 2.5}, "0", "siblings is not a whole number from 0 to 20"),
        ({"age": 121}, "0", "age is not a number from 0 to 120"),
        ({"age": "old"}, "0", "age is not a number from 0 to 120"),
        ({"sex": "other"}, "0", "sex is not one of 'female', 'male'"),
        ({"alone": "perhaps"}, "0", "alone is not true or false"),
        ({"fare": None}, "0", "fare is missing"),
        ({}, "2", "survived is not one of '0', '1'"),
    ],
)
def test_row_that_is_no_longer_valid_is_left_out_with_its_reason(change, label, reason):
    lines = write(
        (PASSENGER, "0"), ({**PASSENGER, **change}, label), ({**PASSENGER}, "1")
    )

    rows, left_out = read_labelled(lines, passengers.describe())

    assert rows["survived"].tolist() == ["0", "1"]
    assert left_out == [
        {"reason": reason, "rows": 1, "prediction_id": "id1", "row_index": 1}
    ]


def test_text_in_a_number_does_not_hide_the_other_invalid_rows(dataset):
    lines = write(
        ({**FLOWER, "petal_width": "wide"}, "setosa"),
        ({**FLOWER, "petal_width": 21}, "setosa"),
        ({**FLOWER, "sepal_width": -1}, "tulip"),
        (FLOWER, "setosa"),
    )

    rows, left_out = read_labelled(lines, dataset)

    assert len(rows) == 1
    assert sum(each["rows"] for each in left_out) == 3
    assert left_out[0]["reason"] == "petal_width is not a number from 0.1 to 20"
    assert left_out[0]["rows"] == 2


def test_row_without_a_feature_that_others_have_is_left_out(dataset):
    partial = {name: FLOWER[name] for name in list(FLOWER)[:3]}

    rows, left_out = read_labelled(
        write((partial, "setosa"), (FLOWER, "setosa")), dataset
    )

    assert len(rows) == 1
    assert left_out[0]["reason"] == "petal_width is not stored"


def test_feature_that_is_never_stored_is_named(dataset):
    partial = {name: FLOWER[name] for name in list(FLOWER)[:3]}

    with pytest.raises(
        ProjectError, match=r"none of 2 .* petal_width.*IRIS_DATABASE_O"
    ):
        read_labelled(write((partial, "setosa"), (partial, "setosa")), dataset)


@pytest.mark.parametrize("lines", [b"a,b\n", b"[]\n", b'{"label": "setosa"}\n'])
def test_file_of_something_else_is_named(dataset, lines):
    with pytest.raises(ProjectError, match="line 2 of the labelled rows is not JSON"):
        read_labelled(write((FLOWER, "setosa")) + lines, dataset)


def test_row_without_its_group_is_left_out():
    split = DatasetSplit(method="group", column="Embarked")
    dataset = passengers.describe().model_copy(update={"split": split})

    _, left_out = read_labelled(
        write(({**PASSENGER, "port": None}, "0"), (PASSENGER, "0")), dataset
    )

    assert left_out[0]["reason"] == "port is missing"
