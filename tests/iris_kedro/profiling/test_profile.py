import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from iris_kedro.errors import ProjectError
from iris_kedro.profiling import profile_table
from iris_kedro.profiling.profile import name_columns
from iris_kedro.specification.base import Name
from tests.iris_kedro import passengers


@pytest.fixture
def table():
    return passengers.draw(300).rename(columns=passengers.HEADERS)


def test_table_is_profiled_with_only_its_target(table):
    profile = profile_table(table, "survived")

    assert profile.rows == 300
    assert profile.target == {
        "name": "survived",
        "column": "Survived",
        "classes": ["0", "1"],
        "positive": "1",
    }
    assert sum(profile.classes.values()) == 300
    kinds = {each.name: each.feature.get("type", "number") for each in profile.guesses}
    assert kinds == {
        "deck_klasse": "integer",
        "sex": "category",
        "age": "number",
        "sibsp": "integer",
        "fare": "number",
        "embarked": "category",
        "alone": "category",
    } | {"alone": kinds["alone"]}
    assert profile.warnings == []


def test_target_is_found_in_any_spelling(table):
    assert profile_table(table, "SURVIVED").target["column"] == "Survived"
    with pytest.raises(ProjectError, match="no column 'lived'; there are 'Survived'"):
        profile_table(table, "lived")


def test_error_about_a_huge_header_stays_short(table):
    with pytest.raises(ProjectError) as raised:
        profile_table(table.rename(columns={"Name": "x" * 10_000_000}), "lived")

    assert len(str(raised.value)) < 1_000


def test_numbers_to_estimate_are_refused_with_the_reason(table):
    with pytest.raises(ProjectError, match="regression is not supported, because"):
        profile_table(table, "Fare $")


def test_identifier_as_target_is_refused(table):
    table["Name"] = [f"Mr. {number}" for number in range(300)]

    with pytest.raises(ProjectError, match="300 distinct values: it looks like an id"):
        profile_table(table, "Name")


def test_single_class_is_refused(table):
    with pytest.raises(ProjectError, match="'Survived' has only '1'"):
        profile_table(table.assign(Survived="1"), "Survived")


def test_leaking_feature_is_named(table):
    table["boat"] = table["Survived"].map({"0": "none", "1": "lifeboat"})

    (warning,) = profile_table(table, "Survived").warnings

    assert "boat alone predicts 100.0% of the rows" in warning


def test_rare_classes_and_rows_without_a_class_are_named(table):
    table["Survived"] = ["2"] * 5 + ["1"] * 25 + [""] * 3 + ["0"] * 267

    warnings = " ".join(profile_table(table, "Survived").warnings)

    assert "class '2' has only 5 rows" in warnings
    assert "class '1' is rare (8.4%)" in warnings
    assert "3 of 300 rows have no class" in warnings


@pytest.mark.slow
@given(columns=st.lists(st.text(), unique=True, max_size=8))
def test_every_column_gets_a_unique_name(columns):
    names = name_columns([each for each in columns if each != "target"], "target")

    assert len(set(names.values())) == len(names)
    for name in names.values():
        TypeAdapter(Name).validate_python(name)


def test_duplicates_are_counted(table):
    doubled = pd.concat([table, table[:7]], ignore_index=True)

    assert profile_table(doubled, "Survived").duplicates >= 7
