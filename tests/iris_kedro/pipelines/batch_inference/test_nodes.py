import json
import pickle

import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.pipelines.batch_inference.nodes import SAMPLED_ROWS
from iris_kedro.scoring.rows import Part
from tests.iris_kedro.pipelines.batch_inference.conftest import FEATURES


def test_missing_columns_are_named(plan):
    with pytest.raises(ProjectError, match="no column 'petal_width'") as caught:
        plan(columns=["id", *FEATURES[1:3]])

    assert "no column 'sepal_length'" in str(caught.value)
    assert "The columns are 'id', 'sepal_width', 'petal_length'" in str(caught.value)


def test_columns_of_the_scores_are_not_overwritten(plan, keep):
    columns = [*FEATURES, "prediction"]

    with pytest.raises(ProjectError, match="already have 'prediction'"):
        plan(columns=columns)

    assert keep([], columns=columns).scorer.columns == ()


def test_only_needed_columns_are_read(keep):
    columns = ["id", "notes", *FEATURES]

    assert keep(["id"], columns=columns).rows.read.columns == ("id", *FEATURES)
    assert keep(None, columns=columns).rows.read.columns == tuple(columns)


def test_preparing_a_job_reads_and_scores_nothing(plan):
    job = plan()

    assert job.rows.columns == ["id", *FEATURES]
    assert job.scorer.columns == ("id", *FEATURES)
    assert pickle.loads(pickle.dumps(job.scorer)) == job.scorer  # noqa: S301


def test_identity_is_json_and_the_same_for_the_same_job(plan):
    first, second = plan().identity, plan().identity

    assert first == second
    assert json.loads(json.dumps(first)) == first


@pytest.mark.parametrize(
    ("name", "value"), [("format", "csv"), ("layout", "source"), ("version", "4")]
)
def test_what_changes_scores_changes_the_identity(plan, name, value):
    assert plan(**{name: value}).identity != plan().identity


def test_other_models_columns_and_rows_have_another_identity(
    plan, keep, make_challenger
):
    others = [
        plan(model=make_challenger(C=0.5)),
        plan(columns=["key", *FEATURES]),
        keep(["id"]),
        plan(fingerprint="other"),
        plan(location="elsewhere/"),
    ]

    identities = [json.dumps(each.identity) for each in [plan(), *others]]
    assert len(set(identities)) == len(identities)


@pytest.mark.parametrize(
    "changes",
    [
        {"processes": 7},
        {"on_invalid": "fail"},
        {"target": "elsewhere/"},
        {"source_format": "parquet"},
    ],
)
def test_what_does_not_change_scores_is_not_in_the_identity(plan, changes):
    assert plan(**changes).identity == plan().identity


def test_number_of_sampled_rows_hardly_depends_on_the_number_of_rows(plan):
    def every(rows):
        return plan(parts=[Part(0, "a", "parquet", 0, 1, 1, rows)]).scorer.every

    assert (every(1), every(SAMPLED_ROWS), every(SAMPLED_ROWS + 1)) == (1, 1, 2)
    assert every(100_000_000) == 10_000


def test_cells_of_csv_are_text(plan):
    typed = plan(parts=[Part(0, "a.parquet", "parquet", 0, 1, 1, 9)])
    text = plan(parts=[Part(0, "a.csv", "csv", 0, 1, 1, 9)])

    assert (typed.scorer.text, text.scorer.text) == (False, True)
