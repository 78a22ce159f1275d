"""Runs after others: nothing to do, something that has changed, and errors."""

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def rows(flowers, tmp_path):
    """Return a file of rows."""
    path = tmp_path / "rows.parquet"
    flowers.to_parquet(path)
    return path


def read_times(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("part-*")}


def test_second_run_does_nothing(score, rows):
    first = score(source=rows)
    before = read_times(first.target)

    second = score(source=rows)

    assert second.result.exit_code == 0, second.output
    assert "Scored 150 of 150 rows, all by an earlier run" in second.output
    assert read_times(second.target) == before


def test_invalid_rows_stop_the_run_if_asked(score, rows, flowers):
    flowers.loc[7, "petal_width"] = 99.0
    flowers.to_parquet(rows)

    run = score(source=rows, on_invalid="fail")

    assert run.result.exit_code == 1
    assert "row 8, petal_width: must be at most 20 cm" in run.output
    assert "Traceback" not in run.output
    assert "Scored 149 of 150 rows" in score(source=rows).output


def test_odd_columns_are_kept_or_refused(score, rows, flowers):
    names = ["", "a\nb", 'c"d', "probability_", "ü" * 300]
    flowers.assign(**dict.fromkeys(names, 1)).to_parquet(rows, index=False)
    odd = score(source=rows)
    kept = set(odd.scores)
    flowers.assign(prediction=1).to_parquet(rows)
    refused = score(source=rows)
    chosen = score(source=rows, columns="[key]")

    assert kept >= set(names)
    assert refused.result.exit_code == 1
    assert "the rows already have 'prediction'" in refused.output
    assert chosen.result.exit_code == 0, chosen.output


ERRORS = [
    ({"source": None}, "there are no rows to score: set the source"),
    ({"version": 99}, "version 99 of iris cannot be read: Model Version"),
    ({"format": "xml"}, "Input should be 'parquet', 'csv' or 'jsonl', but it is 'xml'"),
    ({"target": "conf"}, "other files"),
]


@pytest.mark.parametrize(("parameters", "message"), ERRORS)
def test_error_is_one_message(score, rows, parameters, message):
    run = score(**{"source": rows, **parameters})

    assert run.result.exit_code == 1
    assert message in run.output
    assert isinstance(run.result.exception, SystemExit)  # and no traceback
    assert run.output.count("Error: ") == 1
