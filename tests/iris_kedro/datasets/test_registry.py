import hashlib
import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import mlflow
import numpy as np
import onnx
import pytest
from kedro.io import DatasetError
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from iris_kedro import registry as registry_module
from iris_kedro.contract import Contract
from iris_kedro.datasets import ModelRegistryDataset
from iris_kedro.release import Verdict

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


def test_first_release_becomes_production(registered, registry, release, challenger):
    release()

    state = registered.load()

    assert registry.aliases() == {"Production": "1"}
    assert state.production.model == challenger
    assert state.fingerprints == {"fingerprint": "1"}


@pytest.mark.parametrize("verdict", [Verdict.BETTER, Verdict.NOT_WORSE])
def test_next_release_leaves_the_one_before_as_previous(registry, release, verdict):
    release()

    release(verdict, compared_with="1", fingerprint="other")

    assert registry.aliases() == {"Production": "2", "Previous": "1"}


@pytest.mark.parametrize("verdict", [Verdict.WORSE, Verdict.UNFIT])
def test_refused_model_is_challenger_and_production_stays(registry, release, verdict):
    release()

    release(verdict, compared_with="1", fingerprint="other")

    assert registry.aliases() == {"Production": "1", "Challenger": "2"}
    assert len(registry.history()) == 1


def test_refused_model_is_not_judged_again(registered, release):
    release(Verdict.UNFIT, fingerprint="poor")

    assert registered.load().fingerprints == {"poor": "1"}


def test_model_judged_again_keeps_its_version(
    registered, registry, release, make_challenger
):
    release()
    release(Verdict.UNFIT, compared_with="1", fingerprint="other")

    release(
        Verdict.BETTER,
        compared_with="1",
        fingerprint="other",
        model=make_challenger(run_id="a later run"),
        existing_version="2",
    )

    assert registered.load().production.version == "2"
    assert len(registry.versions()) == 2
    assert registry.aliases()["Production"] == "2"
    assert registry.tags("2")["verdict"] == "better"
    assert "state" not in registry.tags("2")


def test_state_knows_what_was_in_production_and_from_what_data(
    registered, registry, release
):
    release()
    release(Verdict.BETTER, compared_with="1", fingerprint="other")
    release(Verdict.WORSE, "2", fingerprint="third", judgement="final")

    state = registered.load()

    assert [each.version for each in state.predecessors] == ["1"]
    assert state.promoted == {"1", "2"}
    assert state.judgements["3"] == "final"
    assert state.known_data == {"sha256:data"}


def test_unchanged_model_registers_nothing(registry, release):
    release()

    release(Verdict.UNCHANGED, compared_with="1")

    assert len(registry.versions()) == 1


# --- What a version holds ------------------------------------------------------------


@pytest.fixture
def version(registry, release):
    return MlflowClient().get_model_version("iris", release())


def test_version_says_where_it_comes_from(version):
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
    assert version.description == "# Gate report"
    assert "state" not in version.tags


def test_version_carries_the_metrics_of_the_contract(version, challenger):
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
def test_damaged_production_is_an_error_that_says_what_to_do(
    registered, release, damage
):
    damage(find_files(release()))

    with pytest.raises(DatasetError, match=r"version 1 of iris.*kedro model promote"):
        registered.load()


# --- Interruptions -------------------------------------------------------------------

STEPS = [
    ("create_model_version", 1),  # registering
    ("set_model_version_tag", 1),  # the record of the promotion
    ("set_registered_model_alias", 1),  # Previous
    ("set_registered_model_alias", 2),  # Production
    ("delete_model_version_tag", 1),  # the end
]


@contextmanager
def interruption(method, nth, killed=False):
    """Let the nth call of a method of MLflow's client fail.

    A process that is killed does nothing more after it, so it does not tidy up either.
    """
    originals = {name: getattr(MlflowClient, name) for name, _ in STEPS}
    calls: list[str] = []

    def replace(name):
        def call(*args, **kwargs):
            calls.append(name)
            before = calls.count(method) - (name == method)
            if (name == method and before == nth - 1) or (killed and before >= nth):
                raise MlflowException("the power is gone")
            return originals[name](*args, **kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in originals:
            patch.setattr(MlflowClient, name, replace(name))
        with pytest.raises(DatasetError, match="the power is gone"):
            yield


@pytest.mark.parametrize(("method", "nth"), STEPS)
def test_interrupted_release_leaves_a_readable_production(
    registered, release, method, nth
):
    release()

    with interruption(method, nth, killed=True):
        release(Verdict.BETTER, compared_with="1", fingerprint="other")

    assert registered.load().production.version in {"1", "2"}


@pytest.mark.parametrize("killed", [False, True], ids=["failed", "killed"])
@pytest.mark.parametrize(("method", "nth"), STEPS)
def test_run_after_an_interrupted_release_completes_it(
    registered, registry, release, monkeypatch, method, nth, killed
):
    release()
    with interruption(method, nth, killed):
        release(Verdict.BETTER, compared_with="1", fingerprint="other")
    if killed:  # it could still be at work, so it keeps its turn for a while
        monkeypatch.setattr(registry_module, "PENDING_LIMIT", timedelta(0))

    state = registered.load()
    if "other" not in state.fingerprints:
        release(Verdict.BETTER, state.production.version, fingerprint="other")

    production = registered.load().production.version
    assert registry.fingerprints()["other"] == production
    assert registry.aliases()["Previous"] != production


def test_failed_first_release_is_completed_by_the_next_run(registry, release):
    with interruption("set_registered_model_alias", 1):
        release()

    release()

    assert registry.aliases() == {"Production": "2"}


# --- Two at the same time ------------------------------------------------------------


def test_of_two_releases_at_the_same_time_one_reaches_production(
    registry, release, monkeypatch, caplog
):
    release()
    both_are_registered = threading.Barrier(2, timeout=60)
    register = ModelRegistryDataset._register

    def register_and_wait(*args):
        version = register(*args)
        both_are_registered.wait()
        return version

    monkeypatch.setattr(ModelRegistryDataset, "_register", register_and_wait)
    with ThreadPoolExecutor(2) as threads:
        for fingerprint in ("one", "other"):
            threads.submit(release, Verdict.BETTER, "1", fingerprint)

    assert registry.aliases() == {"Production": "2", "Previous": "1", "Challenger": "3"}
    assert [each.to for each in registry.history()] == ["1", "2"]
    assert "Version 3 was overtaken" in caplog.text


def test_overtaken_release_may_be_repeated(registry, release):
    release()
    release(Verdict.BETTER, compared_with="1", fingerprint="other")

    release(Verdict.BETTER, compared_with="1", fingerprint="late")

    assert registry.aliases()["Challenger"] == "3"
    assert "late" not in registry.fingerprints()


def test_release_is_overtaken_by_a_promotion_by_hand(registry, release):
    for fingerprint in ("one", "other"):
        release(Verdict.BETTER, registry.aliases().get("Production"), fingerprint)
    registry.promote("1", "promote")

    release(Verdict.BETTER, compared_with="2", fingerprint="late")

    assert registry.aliases()["Production"] == "1"
    assert registry.aliases()["Challenger"] == "3"
