from pathlib import Path

import mlflow
import pytest
from mlflow.entities import ViewType
from mlflow.tracking import MlflowClient

from iris_kedro.gate.release import Verdict
from tests.fixtures.mlflow import register_model
from tests.fixtures.registries import copy_registry


def numbers(registry):
    return [str(each.version) for each in registry.versions()]


@pytest.fixture(scope="module")
def many_database(make_registry):
    def fill(registry):
        verdicts = ("better", "better", "better", "worse", "worse", "worse")
        for number, verdict in enumerate(verdicts, 1):
            register_model(registry, f"model {number}", verdict)

    return make_registry(fill)


@pytest.fixture
def many(registry, many_database, tmp_path):
    """Return a registry with 3 in Production, 2 Previous, 6 Challenger."""
    copy_registry(many_database, tmp_path / "mlflow.db")
    return registry


def test_prune_of_nothing_deletes_nothing(registry):
    assert registry.prune(0) == ([], "")


def test_prune_deletes_superseded_and_refused_versions(many):
    deleted, _ = many.prune(0)

    assert deleted == ["1", "4", "5"]
    assert numbers(many) == ["2", "3", "6"]


@pytest.mark.parametrize(("keep", "left"), [(1, "2356"), (2, "23456"), (9, "123456")])
def test_prune_keeps_the_newest(many, keep, left):
    many.prune(keep)

    assert numbers(many) == list(left)


def test_prune_keeps_whatever_has_an_alias(many, tracking):
    tracking.set_registered_model_alias("iris", "Customer", "1")

    many.prune(0)

    assert "1" in numbers(many)


def test_history_outlives_deleted_versions(many, tracking):
    old = (
        '{"at": "2026-01-01T12:00:00+00:00", "to": "1", "origin": null,'
        ' "action": "promote", "by": "ada"}'
    )
    tracking.set_model_version_tag("iris", "1", "promotion.2026-01-01", old)

    many.prune(0)

    assert [each.to for each in many.history()] == ["1", "1", "2", "3"]
    assert many.history()[0].by == "ada"


# --- Files and runs ------------------------------------------------------------------


@pytest.fixture
def refuse(registry, release):
    """Return a function that refuses a model in a run with one child."""

    def refuse(fingerprint):
        with mlflow.start_run() as run:
            with mlflow.start_run(nested=True) as child:
                mlflow.log_text("a figure", "figure.txt")
            version = release(
                Verdict.WORSE,
                registry.aliases().get("Production"),
                fingerprint,
                run_id=run.info.run_id,
            )
        return version, [run.info.run_id, child.info.run_id]

    return refuse


def find_folders(version, run_ids):
    client = MlflowClient()
    source = client.get_model_version("iris", version).source
    model = client.get_logged_model(source.removeprefix("models:/"))
    uris = [model.artifact_location]
    uris += [client.get_run(run_id).info.artifact_uri for run_id in run_ids]
    return [Path(uri.removeprefix("file://")) for uri in uris]


def list_runs(view=ViewType.ALL):
    client = MlflowClient()
    experiment = client.get_experiment_by_name("iris").experiment_id
    return {run.info.run_id for run in client.search_runs([experiment], "", view)}


def test_prune_deletes_files_and_runs_for_good(registry, release, refuse):
    release()
    version, runs = refuse("poor")
    _, others = refuse("poorer")
    folders = find_folders(version, runs)

    assert registry.prune(0) == (["2"], "")

    assert list_runs() == set(others)
    assert not [folder for folder in folders if list(folder.rglob("*.*"))]


def test_prune_deletes_no_other_deleted_runs(registry, release, refuse):
    release()
    client = MlflowClient()
    client.delete_experiment(client.create_experiment("kept in the bin"))
    _, runs = refuse("poor")
    refuse("poorer")

    _, left_to_do = registry.prune(0)

    assert "mlflow gc --backend-store-uri" in left_to_do
    assert list_runs(ViewType.DELETED_ONLY) == set(runs)
    assert client.get_experiment_by_name("kept in the bin")


def test_run_deleted_by_hand_does_not_stop_prune(registry, release, refuse):
    release()
    _, runs = refuse("poor")
    refuse("poorer")
    for run in runs:
        MlflowClient().delete_run(run)

    deleted, _ = registry.prune(0)

    assert deleted == ["2"]
