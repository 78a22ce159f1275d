"""Runs on data with mistakes, and on much data."""

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

CANDIDATES = "data_science.candidates"
DATA_SCIENCE = "parameters_data_science.yml"


HEADER = "sepal_length,sepal_width,petal_length,petal_width,species\n"
GOOD = "5.1,3.5,1.4,0.2,setosa\n"


def test_bad_file_stops_the_run_and_production_stays(project, register):
    register(project.registry)
    project.write_csv(HEADER + GOOD + "5.1,x,1.4,0.2,setosa\n")

    result = project.invoke("run")

    assert isinstance(result.exception, SystemExit)
    assert "source.csv row 3 has 'x'" in result.output
    assert project.parents()[-1].info.status == "FAILED"
    assert project.registry.aliases() == {"Production": "1"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (HEADER + "\n\n" + "5.1,3.5,1.4,99,setosa\n", ["source.csv row 4 has 99"]),
        (
            HEADER + "5.1,3.5,1.4,0.2,tulip\n",
            [
                "source.csv row 2 has 'tulip'",
                "one of 'setosa', 'versicolor', 'virginica'",
            ],
        ),
        (HEADER + GOOD + "inf,3.5,1.4,0.2,setosa\n", ["source.csv row 3 has inf"]),
        (HEADER, ["source.csv has a header but no rows"]),
        ("", ["source.csv' is empty"]),
        ("a,b\n1,2\n", ["source.csv has no column 'sepal_length'", "'a', 'b'"]),
        (HEADER + GOOD + "1,2,3,4,setosa,6,7\n", ["source.csv", "line 3"]),
        (HEADER + ",,,,\n" * 3, ["every row of the raw file has a missing value"]),
        (b"\x89PNG\r\n\x1a\n\xff\xfe" * 9, ["source.csv"]),
        (
            HEADER + "".join(f"5.{n:02},3.5,1.4,0.2,setosa\n" for n in range(30)),
            ["train.versicolor has 0", "minimum_rows_per_class"],
        ),
    ],
    ids=[
        "blank lines",
        "class",
        "infinite",
        "header only",
        "empty",
        "columns",
        "ragged",
        "all missing",
        "no text",
        "one class",
    ],
)
def test_mistake_in_a_file_is_named(project, content, expected):
    project.write_csv(content)

    result = project.invoke("run", "--pipelines", "data_engineering")

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert all(part in result.output for part in expected)


def test_error_of_a_node_is_shown_once(project):
    project.write_csv(HEADER + ",,,,\n" * 3)

    output, _ = project.start("run").communicate()

    assert "clean failed" in output
    assert output.count("every row") == 1


def test_missing_values_and_duplicates_are_reported_and_dropped(project, iris_csv):
    lines = iris_csv.decode().splitlines()
    project.write_csv("\n".join([*lines, lines[1], ",3.5,1.4,0.2,setosa", lines[2]]))

    project.invoke("run", "--pipelines", "data_engineering")

    metrics = project.parents()[0].data.metrics
    assert metrics["rows/cleaning/missing_dropped"] == 1
    assert metrics["rows/cleaning/duplicates_dropped"] == 3


def test_digest_stays_that_of_the_rows_when_the_split_fails(project, iris_csv):
    project.invoke("run", "--pipelines", "data_engineering")
    (file,) = (project.path / "data").rglob("data_digest.txt")
    before = file.read_text()
    lines = iris_csv.decode().splitlines()
    project.write_csv("\n".join(line for line in lines if "virginica" not in line))

    result = project.invoke("run", "--pipelines", "data_engineering")

    assert result.exit_code == 1
    assert file.read_text() == before


def test_command_reports_a_bad_file_in_a_short_message(project):
    project.write_csv(HEADER + GOOD + "5.1,x,1.4,0.2,setosa\n")

    process = project.start("run")
    output, _ = process.communicate()

    assert process.returncode == 1
    assert "source.csv row 3 has 'x', expected a number from 0.1 to 20" in output
    assert "Traceback" not in output
    assert "previous command" not in output  # the advice of Kedro's runner


def test_invalid_file_does_not_replace_the_valid_one(project, iris_csv):
    project.invoke("run", "--pipelines", "data_engineering")
    project.write_csv(HEADER + GOOD + "5.1,x,1.4,0.2,setosa\n")

    result = project.invoke("run", "--pipelines", "data_engineering")

    assert result.exit_code == 1
    (raw,) = (project.path / "data/01_raw").rglob("*.csv")
    assert raw.read_bytes() == iris_csv


def test_missing_source_is_named(project):
    project.change("globals.yml", "dataset.source", "missing.csv")

    result = project.invoke("run")

    assert result.exit_code == 1
    assert "cannot read the source 'missing.csv'" in result.output


def test_many_rows_are_trained_on(project, iris_csv):
    iris = pd.read_csv(pd.io.common.BytesIO(iris_csv))
    rows = iris.sample(6_000, replace=True, random_state=0).reset_index(drop=True)
    noise = np.random.default_rng(0).normal(0, 0.02, (6_000, 4))
    rows.iloc[:, :4] = (rows.iloc[:, :4] + noise).clip(0.1).round(6)
    project.write_csv(rows)
    project.change(DATA_SCIENCE, f"{CANDIDATES}.logistic_regression.grid", {})

    result = project.invoke("run")

    (parent,) = project.parents()
    assert result.exit_code == 0, result.output
    assert parent.data.metrics["rows/cleaning/rows"] == 6_000
    assert project.registry.aliases() == {"Production": "1"}
