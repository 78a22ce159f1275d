"""What changes the fingerprint of a training."""

from dataclasses import replace
from pathlib import Path

import pytest

from iris_kedro.model.provenance import RawData
from iris_kedro.pipelines.data_science.records import trace_lineage
from iris_kedro.specification import Candidate

ROOT = Path(__file__).parents[4]


@pytest.fixture
def fingerprint(
    dataset, split_parameters, training, export_parameters, provenance, lineage
):
    given = {
        "raw": b"a,b",
        "labelled": b"",
        "archived": lineage.raw,
        "data_digest": "sha256:data",
        "dataset": dataset,
        "split": split_parameters,
        "training": training,
        "export": export_parameters,
        "provenance": provenance,
    }
    bayes = {"class": "sklearn.naive_bayes.GaussianNB"}

    def fingerprint(scale=False, candidate=bayes, **changes):
        candidate = Candidate.model_validate({**candidate, "scale": scale})
        return trace_lineage(*{**given, **changes}.values(), candidate).fingerprint

    return fingerprint


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("split", {"salt": "other"}),
        ("training", {"folds": 3}),
        ("export", {"golden_rows": 3}),
        ("dataset", {"name": "other"}),
    ],
)
def test_fingerprint_changes_with_parameters(fingerprint, request, part, change):
    fixtures = {"split": "split_parameters", "export": "export_parameters"}
    value = request.getfixturevalue(fixtures.get(part, part))

    changed = fingerprint(**{part: value.model_copy(update=change)})

    assert changed != fingerprint()


@pytest.mark.parametrize(
    "change", [{"code_digest": "sha256:other"}, {"packages": ("numpy==0.1",)}]
)
def test_fingerprint_changes_with_code_and_packages(fingerprint, provenance, change):
    changed = fingerprint(provenance=replace(provenance, **change))

    assert changed != fingerprint()


def test_fingerprint_changes_with_the_converter_of_boosting_libraries(
    fingerprint, monkeypatch
):
    onnxmltools = pytest.importorskip("onnxmltools")
    boosting = {"class": "lightgbm.LGBMClassifier"}
    before, other = fingerprint(candidate=boosting), fingerprint()

    monkeypatch.setattr(onnxmltools, "__version__", "0.1")

    assert fingerprint(candidate=boosting) != before
    assert fingerprint() == other


def test_fingerprint_changes_with_the_code_of_own_transformers(
    fingerprint, tmp_path, monkeypatch
):
    file = tmp_path / "own_transformers.py"
    file.write_text((ROOT / "tests/iris_kedro/transformers.py").read_text())
    monkeypatch.syspath_prepend(tmp_path)
    squash = {"class": "own_transformers.Squash"}
    steps = [["squash", squash], ["bayes", {"class": "sklearn.naive_bayes.GaussianNB"}]]
    piped = {"class": "sklearn.pipeline.Pipeline", "parameters": {"steps": steps}}
    before = fingerprint(candidate=piped)

    file.write_text(file.read_text() + "# changed\n")

    assert fingerprint(candidate=piped) != before


def test_fingerprint_changes_with_data_and_candidates(fingerprint):
    different = {
        fingerprint(),
        fingerprint(raw=b"a,c"),
        fingerprint(labelled=b"{}"),
        fingerprint(scale=True),
    }

    assert len(different) == 4


def test_fingerprint_changes_with_the_package_of_a_nested_class(
    fingerprint, monkeypatch
):
    nested = {
        "class": "sklearn.calibration.CalibratedClassifierCV",
        "parameters": {"estimator": {"class": "lightgbm.LGBMClassifier"}},
    }
    before = fingerprint(candidate=nested)

    monkeypatch.setattr("lightgbm.__version__", "0.0")

    assert fingerprint(candidate=nested) != before


def test_fingerprint_ignores_what_does_not_change_the_result(
    fingerprint, dataset, training, provenance
):
    same = fingerprint(
        archived=RawData("elsewhere.csv", "c0ffee", "elsewhere.csv"),
        dataset=dataset.model_copy(update={"source": "elsewhere.csv"}),
        training=training.model_copy(update={"n_jobs": 64}),
        provenance=replace(provenance, run_id="r", started_at="now", git_commit="c"),
    )

    assert same == fingerprint()
