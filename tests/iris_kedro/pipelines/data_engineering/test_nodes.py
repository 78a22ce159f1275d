from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_kedro.errors import ProjectError
from iris_kedro.pipelines.data_engineering.nodes import clean, fetch, split
from iris_kedro.specification import Dataset, DatasetSplit, Split
from iris_kedro.specification.data.dataset import Rows

COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
ROWS = [
    (5.1, 3.5, 1.4, 0.2, "setosa"),
    (5.1, 3.5, 1.4, 0.2, "setosa"),
    (7.0, 3.2, 4.7, 1.4, "versicolor"),
    (np.nan, 3.3, 6.0, 2.5, "virginica"),
    (6.3, 3.3, 6.0, 2.5, None),
    (6.3, 3.3, 6.0, 2.5, "virginica"),
]


@pytest.fixture
def raw():
    return pd.DataFrame(ROWS, columns=COLUMNS)


@pytest.fixture
def dataset(dataset):
    """Allow dropping rows of these small tables."""
    rows = dataset.rows.model_copy(update={"maximum_loss": 1.0})
    return dataset.model_copy(update={"rows": rows})


def make_split(**changes):
    valid = {"test_size": 0.5, "salt": "s", "minimum_rows_per_class": 1}
    return Split.model_validate({**valid, **changes})


@given(content=st.binary())
def test_fetch_copies_every_byte(content):
    assert fetch(content, "my.csv") == content


def test_clean_drops_duplicates_and_rows_with_missing_values(raw, dataset):
    data = clean(raw, dataset).data

    expected = [ROWS[0], ROWS[2], ROWS[5]]
    assert list(data.itertuples(index=False, name=None)) == expected
    assert data.index.tolist() == [0, 1, 2]


def test_clean_counts_what_it_drops(raw, dataset):
    report = clean(raw, dataset).report

    assert {name: metric["value"] for name, metric in report.items()} == {
        "rows": 6,
        "without_class_dropped": 1,
        "missing_dropped": 1,
        "duplicates_dropped": 1,
        "rows_clean": 3,
    }


def test_clean_keeps_equal_measurements_of_different_classes(dataset):
    rows = [(5.1, 3.5, 1.4, 0.2, "setosa"), (5.1, 3.5, 1.4, 0.2, "virginica")]

    data = clean(pd.DataFrame(rows, columns=COLUMNS), dataset).data

    assert data["species"].tolist() == ["setosa", "virginica"]


def test_clean_names_and_orders_columns_as_configured(raw, dataset):
    spelt = {"sepal_length": "Sepal Length (cm)", "species": "Species"}
    shuffled = raw.assign(id=range(6)).rename(columns=spelt).iloc[:, ::-1]

    data = clean(shuffled, dataset).data

    pd.testing.assert_frame_equal(data, clean(raw, dataset).data)


def test_clean_returns_numbers_and_text(dataset):
    raw = pd.DataFrame([(5, 3, 1, 1, "setosa")], columns=COLUMNS)

    types = clean(raw, dataset).data.dtypes

    assert (types[COLUMNS[:4]] == "float64").all()
    assert types["species"] == "str"


def by(dataset, method, column="Plant No."):
    split = DatasetSplit(method=method, column=column)
    return dataset.model_copy(update={"split": split})


def test_clean_keeps_groups_in_their_own_column(raw, dataset):
    raw = raw.assign(**{"Plant No.": ["1.0", "2", None, "2", "2", "x"]})

    cleaned = clean(raw, by(dataset, "group"))

    # Not a duplicate of the first row, because it is another plant.
    assert cleaned.data["group: plant_no"].tolist() == ["1", "2", "x"]
    assert cleaned.data.columns.tolist() == [*COLUMNS, "group: plant_no"]
    assert cleaned.report["missing_dropped"]["value"] == 2
    assert cleaned.report["duplicates_dropped"]["value"] == 0


def test_clean_keeps_times_as_dates(raw, dataset):
    raw = raw.assign(day=["2024-01-31", "2024-01-31", "2024-02-01", None, None, "2023"])

    times = clean(raw, by(dataset, "time", "day")).data["time: day"]

    assert times.dt.strftime("%Y-%m-%d").tolist() == [
        "2024-01-31",
        "2024-02-01",
        "2023-01-01",
    ]


def test_feature_can_be_a_time_as_well(raw, dataset):
    data = clean(raw, by(dataset, "time", "petal_length")).data

    assert data["time: petal_length"].tolist() == data["petal_length"].tolist()


def test_clean_says_how_many_rows_have_no_group(raw, dataset):
    raw = raw.assign(**{"Plant No.": ["1", None, None, "2", "2", "x"]})
    strict = by(dataset, "group").model_copy(update={"rows": Rows()})

    with pytest.raises(ProjectError, match=r"2 lack Plant No\., which the split needs"):
        clean(raw, strict)


def test_clean_does_not_change_its_input(raw, dataset):
    before = raw.copy()

    clean(raw, dataset)

    pd.testing.assert_frame_equal(raw, before)


def test_clean_refuses_data_without_a_complete_row(raw, dataset):
    with pytest.raises(ProjectError, match=r"every row .* has a missing value"):
        clean(raw.assign(petal_width=np.nan), dataset)


def test_split_puts_each_row_on_one_side(flower, dataset):
    data = flower(["setosa", "versicolor", "virginica"] * 20)

    train, test, *_ = split(data, dataset, make_split())

    joined = pd.concat([train, test]).sort_values(COLUMNS).reset_index(drop=True)
    expected = data.sort_values(COLUMNS).reset_index(drop=True)
    pd.testing.assert_frame_equal(joined, expected)


def test_split_keeps_equal_measurements_together(flower, dataset):
    one = flower(["setosa", "versicolor", "virginica"] * 20)
    other = one.assign(species=one["species"].to_numpy()[::-1])

    train, test, *_ = split(pd.concat([one, other]), dataset, make_split())

    in_train = set(train[COLUMNS[:4]].itertuples(index=False, name=None))
    in_test = set(test[COLUMNS[:4]].itertuples(index=False, name=None))
    assert in_train & in_test == set()


def test_split_reports_rows_of_each_class_on_each_side(flower, dataset):
    data = flower(["setosa", "versicolor", "virginica"] * 20)

    train, test, balance, _ = split(data, dataset, make_split())

    assert set(balance) == {
        f"{side}.{name}"
        for side in ("train", "test")
        for name in dataset.target.classes
    }
    setosas = balance["train.setosa"]["value"], balance["test.setosa"]["value"]
    assert setosas == (
        (train.species == "setosa").sum(),
        (test.species == "setosa").sum(),
    )


@pytest.mark.parametrize(
    ("species", "changes", "message"),
    [
        (["setosa", "versicolor"] * 20, {}, "train.virginica has 0, test.virginica"),
        (
            ["setosa", "versicolor", "virginica"] * 20,
            {"minimum_rows_per_class": 15},
            "minimum_rows_per_class is 15.*test_size or salt",
        ),
        (
            ["setosa", "versicolor", "virginica"] * 20,
            {"test_size": 1e-9},
            "test.setosa has 0, test.versicolor has 0, test.virginica has 0;",
        ),
    ],
)
def test_split_names_scarce_classes_and_what_to_change(
    flower, dataset, species, changes, message
):
    with pytest.raises(ProjectError, match=f"too few rows of a class.*{message}"):
        split(flower(species), dataset, make_split(**changes))


def test_split_accepts_just_enough_rows_of_each_class(flower, dataset):
    data = flower(["setosa", "versicolor", "virginica"] * 20)
    balance = split(data, dataset, make_split()).balance
    fewest = min(int(metric["value"]) for metric in balance.values())

    enough = make_split(minimum_rows_per_class=fewest)

    assert split(data, dataset, enough).balance == balance


def test_shipped_split_holds_out_about_its_share_of_each_class(
    iris_csv, dataset, split_parameters
):
    data = clean(pd.read_csv(BytesIO(iris_csv)), dataset).data

    parts = split(data, dataset, split_parameters)

    shares = parts.test["species"].value_counts() / data["species"].value_counts()
    assert shares.to_numpy() == pytest.approx(split_parameters.test_size, abs=0.05)


@pytest.mark.parametrize("method", ["group", "time"])
def test_split_follows_groups_and_times(flower, dataset, method):
    key = f"{method}: plant_no"
    data = flower(["setosa", "versicolor", "virginica"] * 40)
    numbers = pd.Series(range(120)) // 6
    data[key] = numbers.astype("str" if method == "group" else "float64")

    train, test, *_ = split(data, by(dataset, method), make_split(test_size=0.3))

    assert not set(train[key]) & set(test[key])
    assert sorted([*train[key], *test[key]]) == sorted(data[key])
    if method == "time":
        assert test[key].tolist() == sorted([*range(14, 20)] * 6)


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("group", "Rows of the same 'Plant No.' stay together. Add .*_size or salt$"),
        ("time", "held out from 'Plant No.' = 1.0 on. Add .*split.test_size$"),
    ],
)
def test_split_explains_why_classes_are_scarce(flower, dataset, method, message):
    data = flower(["setosa", "versicolor", "virginica"] * 20)
    data[f"{method}: plant_no"] = [0.0] * 20 + [1.0] * 40
    data = data.sort_values("species")

    with pytest.raises(ProjectError, match=message):
        split(data, by(dataset, method), make_split(minimum_rows_per_class=30))


def test_digest_depends_on_groups(flower, dataset):
    data = flower(["setosa", "versicolor", "virginica"] * 40)
    one, other = (
        data.assign(**{"group: plant_no": [str(each // size) for each in range(120)]})
        for size in (3, 6)
    )

    one, other = (
        split(each, by(dataset, "group"), make_split()) for each in (one, other)
    )

    assert one.digest != other.digest


@pytest.fixture
def digest(dataset):
    return lambda raw: split(clean(raw, dataset).data, dataset, make_split()).digest


def test_digest_follows_the_values_not_the_spelling(flower, digest):
    raw = flower(["setosa", "versicolor", "virginica"] * 20)

    respelt = raw.rename(columns={"species": "Species"}).assign(note="new")

    assert digest(respelt) == digest(raw)
    assert digest(raw).startswith("sha256:")


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.assign(petal_width=raw["petal_width"] + 1e-9),
        lambda raw: raw.iloc[::-1],
        lambda raw: raw.iloc[:-1],
        lambda raw: raw.assign(species=raw["species"].to_numpy()[::-1]),
    ],
    ids=["value", "order", "rows", "class"],
)
def test_digest_changes_with_the_data(flower, digest, change):
    raw = flower(["setosa", "versicolor", "virginica"] * 20)

    assert digest(change(raw)) != digest(raw)


@pytest.fixture
def policy(dataset):
    """Return a function that changes how rows are dropped, and what is nullable."""

    def change(nullable=(), **rows):
        changed = {"rows": {**dataset.rows.model_dump(), **rows}}
        features = {
            name: {**each.model_dump(), "nullable": name in nullable}
            for name, each in dataset.features.items()
        }
        return Dataset.model_validate(
            {**dataset.model_dump(), **changed, "features": features}
        )

    return change


def test_duplicates_are_kept_unless_the_specification_drops_them(raw, policy):
    assert len(clean(raw, policy(duplicates="keep")).data) == 4
    assert len(clean(raw, policy(duplicates="drop")).data) == 3


def test_row_without_a_nullable_value_is_kept(raw, policy):
    data = clean(raw, policy(nullable=["sepal_length"])).data

    assert data["sepal_length"].isna().sum() == 1


def test_rows_without_a_class_can_stop_the_run(raw, policy):
    with pytest.raises(ProjectError, match="1 rows have no species"):
        clean(raw, policy(missing_target="fail"))


def test_loss_of_more_rows_than_allowed_is_explained(raw, policy):
    message = (
        r"3 of 6 rows would be dropped: 1 have no species, 1 lack a value, 1 are"
        r" duplicates; dataset\.rows\.maximum_loss is 0\.4\. Set nullable: true for"
        r" sepal_length \(1 missing\),"
    )
    with pytest.raises(ProjectError, match=message):
        clean(raw, policy(maximum_loss=0.4))
    assert len(clean(raw, policy(maximum_loss=0.5)).data) == 3


def test_column_that_is_not_used_may_have_the_name_of_a_feature(raw, dataset):
    width = dataset.features["petal_width"].model_copy(update={"column": "PW"})
    named = dataset.model_copy(
        update={"features": {**dataset.features, "petal_width": width}}
    )

    data = clean(raw.assign(PW=raw["petal_width"], petal_width=99), named).data

    assert data.equals(clean(raw, dataset).data)


def test_feature_without_a_value_to_learn_from_is_named(flower, policy):
    data = flower(["setosa", "versicolor", "virginica"] * 20)
    dataset = policy(nullable=["petal_width"])

    with pytest.raises(ProjectError, match=r"no training row has .* of petal_width"):
        split(data.assign(petal_width=np.nan), dataset, make_split())
