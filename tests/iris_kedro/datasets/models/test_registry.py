import hashlib
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import mlflow
import numpy as np
import onnx
import pytest
from kedro.io import DatasetError
from mlflow.tracking import MlflowClient

from iris_kedro.datasets import ModelRegistryDataset
from iris_kedro.datasets.models import registry as dataset_module
from iris_kedro.gate.release import Decision, Outcome, Release, Verdict
from iris_kedro.model.contract import Contract

ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 3.3, 6.0, 2.5]], np.float32)


@pytest.fixture
def registered(tracking):
    return ModelRegistryDataset("iris")


def download(version):
    return Path(mlflow.artifacts.download_artifacts(f"models:/iris/{version}"))


def find_files(version):
    uri = MlflowClient().get_model_version("iris", version).source
    model = MlflowClient().get_logged_model(uri.removeprefix("models:/"))
    return Path(model.artifact_location.removeprefix("file://"))


# --- Verdicts and aliases ------------------------------------------------------------


def test_empty_registry_has_no_production(registered):
    state = registered.load()

    assert state.production is None
    assert state.fingerprints == {}


@pytest.mark.slow
def test_first_release_becomes_production(registered, registry, release, challenger):
    release()

    state = registered.load()

    assert registry.aliases() == {"Production": "1"}
    assert state.production.model == challenger
    assert state.fingerprints == {"fingerprint": "1"}


RELEASED = {"Production": "2", "Previous": "1"}
REFUSED = {"Production": "1", "Challenger": "2"}


@pytest.mark.parametrize(
    ("verdict", "aliases"),
    [
        (Verdict.BETTER, RELEASED),
        (Verdict.NOT_WORSE, RELEASED),
        (Verdict.WORSE, REFUSED),
        (Verdict.UNFIT, REFUSED),
    ],
)
def test_verdict_decides_about_production(
    first_release, registry, release, verdict, aliases
):
    release(verdict, compared_with="1", fingerprint="other")

    assert registry.aliases() == aliases
    assert len(registry.history()) == int(aliases["Production"])


def test_refused_model_is_not_judged_again(registered, release):
    release(Verdict.UNFIT, fingerprint="poor")

    assert registered.load().fingerprints == {"poor": "1"}


def test_release_with_a_share_becomes_the_canary(
    first_release, registered, registry, release
):
    release(
        Verdict.BETTER, "1", fingerprint="other", run_id="c" * 32, canary_share=0.05
    )

    assert registry.aliases() == {"Production": "1", "Canary": "2"}
    state = registered.load()
    assert state.outcomes["c" * 32] == Outcome("2", canary_share=0.05)
    assert state.production.version == "1"
    assert "2" not in state.promoted


def test_model_judged_again_keeps_its_version(
    first_release, registered, registry, release
):
    release(Verdict.UNFIT, compared_with="1", fingerprint="other")

    release(
        Verdict.BETTER, compared_with="1", fingerprint="other", run_id="a later run"
    )

    assert registered.load().production.version == "2"
    assert len(registry.versions()) == 2
    assert registry.aliases()["Production"] == "2"
    assert registry.tags("2")["verdict"] == "better"
    assert "pending_release" not in registry.tags("2")


def test_state_lists_earlier_production_versions_and_their_data(
    second_release, registered, registry, release
):
    release(Verdict.WORSE, "2", fingerprint="third", judgement="final")

    state = registered.load()

    assert [each.version for each in state.predecessors] == ["1"]
    assert state.promoted == {"1", "2"}
    assert state.judgements["3"] == "final"
    assert state.known_data == {"sha256:data"}


def test_unchanged_model_registers_nothing(first_release, registry, release):
    release(Verdict.UNCHANGED, compared_with="1")

    assert len(registry.versions()) == 1


# --- What a version holds ------------------------------------------------------------


@pytest.fixture
def version(first_release):
    return MlflowClient().get_model_version("iris", "1")


def test_version_has_its_lineage(version):
    assert (
        version.tags.items()
        >= {
            "verdict": "first release",
            "reasons": json.dumps(["because of the test"]),
            "candidate": "logistic_regression",
            "data_digest": "sha256:data",
            "git_commit": "c0ffee",
        }.items()
    )
    assert version.description == (
        "# first release: logistic regression\n\n- because of the test\n"
    )
    assert "pending_release" not in version.tags


def test_version_has_the_metrics_of_the_contract(version, challenger):
    for name, value in Contract.read(challenger).metrics.items():
        assert float(version.tags[f"metric.{name}"]) == pytest.approx(value, rel=1e-5)


def test_digest_is_that_of_the_stored_file(version):
    content = (download(1) / "model.onnx").read_bytes()

    digest = hashlib.sha256(content).hexdigest()

    assert version.tags["file_digest"] == f"sha256:{digest}"


def test_stored_model_is_one_file_with_its_contract(version, challenger):
    model = onnx.load(download(1) / "model.onnx", load_external_data=False)

    assert Contract.read(model) == Contract.read(challenger)
    assert [file.name for file in download(1).glob("*.onnx*")] == ["model.onnx"]


def test_stored_model_has_signature_and_input_example(version, challenger):
    info = mlflow.models.get_model_info("models:/iris@Production")
    example = mlflow.pyfunc.load_model("models:/iris/1").input_example

    assert info.signature.inputs.inputs[0].shape == (-1, 4)
    assert [output.name for output in info.signature.outputs] == [
        "label",
        "probabilities",
    ]
    golden = Contract.read(challenger).golden_rows.inputs[:2]
    assert example == pytest.approx(np.array(golden, np.float32))


def test_stored_model_predicts_through_mlflow(version):
    predictions = mlflow.pyfunc.load_model("models:/iris@Production").predict(ROWS)

    assert predictions["label"].tolist() == ["setosa", "virginica"]
    assert predictions["probabilities"].shape == (2, 3)


# --- Damage --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "model.onnx").unlink(),
        shutil.rmtree,
        lambda folder: (folder / "model.onnx").write_bytes(b"no model"),
        lambda folder: (folder / "model.onnx").write_bytes(
            (folder / "model.onnx").read_bytes()[:100]
        ),
    ],
    ids=["missing file", "missing folder", "other content", "truncated"],
)
def test_damaged_production_is_an_error_with_advice(first_release, registered, damage):
    damage(find_files("1"))

    with pytest.raises(DatasetError, match=r"version 1 of iris.*kedro model promote"):
        registered.load()


# --- The same model again ------------------------------------------------------------


def test_same_model_of_another_run_keeps_its_version_and_its_file(
    first_release, registered, registry, release
):
    release(Verdict.WORSE, compared_with="1", fingerprint="other")

    release(Verdict.BETTER, "1", "other", run_id="c" * 32)

    assert len(registry.versions()) == 2
    assert registry.aliases() == {"Production": "2", "Previous": "1"}
    assert registered.load().production.version == "2"
    assert registered.load().outcomes["c" * 32] == Outcome("2")


def test_same_model_is_registered_again_if_its_files_are_damaged(
    first_release, registered, registry, release
):
    damaged = find_files("1")
    tracking_client = MlflowClient()
    tracking_client.delete_registered_model_alias("iris", "Production")
    (damaged / "model.onnx").write_bytes(b"no model")

    release()

    assert registry.aliases() == {"Production": "2"}
    assert registered.load().production.version == "2"


# --- Other releases and people -------------------------------------------------------


def test_only_one_of_two_concurrent_releases_reaches_production(
    first_release, registry, release, monkeypatch, caplog
):
    # Only what follows the uploads is tested at the same time.
    one_at_a_time, both_are_uploaded = (
        threading.Lock(),
        threading.Barrier(2, timeout=60),
    )
    upload = dataset_module.upload_model

    def upload_and_wait(model):
        with one_at_a_time:
            source = upload(model)
        both_are_uploaded.wait()
        return source

    monkeypatch.setattr(dataset_module, "upload_model", upload_and_wait)
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(partial(release, Verdict.BETTER, "1"), ["one", "other"]))

    assert registry.aliases() == {"Production": "2", "Previous": "1", "Challenger": "3"}
    assert [each.to for each in registry.history()] == ["1", "2"]
    assert "Version 3 becomes Challenger: version 2 is Production now" in caplog.text


def test_overtaken_release_is_judged_again(
    second_release, registry, registered, release
):
    release(Verdict.BETTER, compared_with="1", fingerprint="late")

    assert registry.aliases()["Challenger"] == "3"
    assert registered.load().judgements["3"] == ""


def test_overtaken_release_keeps_its_version_when_it_gets_through(
    second_release, registry, release
):
    release(Verdict.BETTER, compared_with="1", fingerprint="late")

    release(Verdict.BETTER, compared_with="2", fingerprint="late")

    assert registry.aliases() == {"Production": "3", "Previous": "2"}
    assert "note" not in registry.tags("3")


def test_release_is_overtaken_by_a_promotion_by_hand(registry, release):
    for fingerprint in ("one", "other"):
        release(Verdict.BETTER, registry.aliases().get("Production"), fingerprint)
    registry.promote("1")

    release(Verdict.BETTER, compared_with="2", fingerprint="late")

    assert registry.aliases()["Production"] == "1"
    assert registry.aliases()["Challenger"] == "3"


def test_outcome_explains_why_a_release_is_not_production(
    second_release, registered, registry, release
):
    registry.rollback()

    release(Verdict.BETTER, compared_with="1", fingerprint="late")

    outcome = registered.load().outcomes[""]
    assert outcome.version == "3"
    assert "on hold" in outcome.note


# --- Limits of MLflow ----------------------------------------------------------------


@pytest.mark.parametrize("classes", [3, 3000])
def test_description_and_reasons_fit_for_any_number_of_classes(
    registry, challenger, lineage, classes
):
    reasons = [f"recall of class {each} 0.1 is below 0.8" for each in range(classes)]

    ModelRegistryDataset("iris").save(
        Release(
            challenger,
            Decision(Verdict.UNFIT, reasons, promotes=False),
            lineage,
            None,
            "fingerprint",
        )
    )

    (version,) = registry.versions()
    assert len(version.description) <= 5000
    assert version.description.startswith("# unfit: logistic regression\n\n- recall")
    assert ("gate_report.md" in version.description) == (classes > 3)
    assert len(json.loads(version.tags["reasons"])) <= 51
