"""The benchmark of batch scoring: its figures, its checks, and a short run."""

import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.pages import insert
from benchmarks.scale.__main__ import compare
from benchmarks.scale.checking import check_scores
from benchmarks.scale.contenders import (
    OURS,
    OURS_TWO,
    POLARS,
    PYFUNC,
    SKLEARN,
    Contender,
)
from benchmarks.scale.measuring import Run, run
from benchmarks.scale.models import prepare
from benchmarks.scale.results import Results
from benchmarks.scale.rows import write_rows

MILLION = 1_000_000
MIB = 1 << 20


@pytest.fixture
def results():
    """Ours scores 3 million rows per second, 6 in two processes; Polars 2, pyfunc 1."""
    results = Results()
    for contender, start, rate in [
        (OURS, 5, 3),
        (OURS_TWO, 7, 6),
        (POLARS, 1, 2),
        (PYFUNC, 4, 1),
    ]:
        for rows in (MILLION, 10 * MILLION, 100 * MILLION):
            seconds = start + rows / MILLION / rate
            results.add(
                contender.name, rows, Run(seconds, seconds, 500 * MIB, 30 * rows)
            )
    return results


def test_rates_do_not_contain_the_start(results):
    assert results.rate(OURS.name) == pytest.approx(3 * MILLION)
    assert results.ratio(OURS.name, PYFUNC.name) == pytest.approx(3)
    assert results.cpu(PYFUNC.name) == pytest.approx(1e-6)


def test_ratios_are_medians_of_those_within_a_round():
    results = Results()
    for slow in (1, 10, 1):  # the machine is busy in the second round
        for name, rate in (("a", 2), ("b", 1)):
            for rows in (MILLION, 2 * MILLION):
                seconds = slow * rows / MILLION / rate
                results.add(name, rows, Run(seconds, seconds, 0, 0))

    assert results.ratio("a", "b") == pytest.approx(2)
    assert results.rate("b") == pytest.approx(MILLION)


def test_section_of_a_page_is_replaced(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("above\n\n<!-- costs -->\nold\n<!-- end of costs -->\nbelow\n")

    insert(page, "costs", ["new \\1"])
    insert(page, "other", ["more"])

    assert page.read_text() == (
        "above\n\n<!-- costs -->\nnew \\1\n<!-- end of costs -->\nbelow\n"
        "\n<!-- other -->\nmore\n<!-- end of other -->\n"
    )


def test_rows_are_the_same_each_time_and_in_groups(tmp_path):
    paths = [write_rows(tmp_path / name, 300_000) for name in ("a", "b")]

    assert paths[0].read_bytes() == paths[1].read_bytes()
    file = pq.ParquetFile(paths[0])
    assert [file.metadata.row_group(place).num_rows for place in range(2)] == [
        262_144,
        37_856,
    ]
    assert file.read(["id"])["id"].to_pylist()[-1] == 299_999


def make_contender(code):
    """A contender that runs some Python, with the target as its argument."""
    return Contender(
        "other", lambda *files: [sys.executable, "-c", code, str(files[2])]
    )


def test_memory_of_child_processes_is_counted(tmp_path):
    child = "import time; x = bytearray(200 << 20); time.sleep(1)"
    code = (
        "import pathlib, subprocess, sys;"
        f"subprocess.run([sys.executable, '-c', {child!r}]);"
        "pathlib.Path(sys.argv[1], 'part').write_bytes(bytes(7))"
    )

    taken = run(make_contender(code), tmp_path, tmp_path / "rows", tmp_path / "scores")

    assert taken.memory > 200 * MIB
    assert taken.seconds > 1
    assert taken.written == 7


def test_failure_is_shown_with_its_output(tmp_path):
    contender = make_contender("raise SystemExit('no such model')")

    with pytest.raises(SystemExit, match=r"(?s)other failed:.*no such model"):
        run(contender, tmp_path, tmp_path / "rows", tmp_path / "scores")


SCORES = {
    "id": [1, 2],
    "prediction": ["a", "b"],
    "probability_a": pa.array([0.9, 0.2], pa.float32()),
    "out_of_range": [False, True],
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": [1, 3]}, "scored 2 of 2 rows"),
        ({"prediction": ["a", "a"]}, "predicts other classes"),
        ({"probability_a": [0.9, 0.3]}, "has other probabilities"),
        ({"out_of_range": [False, False]}, "flags other rows"),
    ],
)
def test_contenders_with_different_results_are_refused(changes, message):
    expected = pa.table(SCORES)
    check_scores(SKLEARN, expected, expected)

    with pytest.raises(SystemExit, match=message):
        check_scores(SKLEARN, pa.table(SCORES | changes), expected)


@pytest.mark.slow
def test_contenders_score_the_same(tmp_path):
    model = prepare("logistic regression", tmp_path / "model")
    contenders = [OURS, SKLEARN, PYFUNC]

    results = compare(contenders, model, tmp_path, [500], rounds=1)

    assert {name: [*rows] for name, rows in results.runs.items()} == {
        each.name: [500] for each in contenders
    }
    assert not (tmp_path / "scores").exists()
