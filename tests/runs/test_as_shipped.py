"""What ``kedro run`` leaves behind as the project is shipped."""

import json

import mlflow
import pytest
import yaml

pytestmark = pytest.mark.slow

SHIPPED_CANDIDATES = [
    "logistic_regression",
    "random_forest",
    "support_vector_machine",
    "k_nearest_neighbors",
    "gradient_boosting",
]


@pytest.fixture
def parent(shipped):
    return shipped.project.parents()[0]


@pytest.fixture
def children(shipped, parent):
    return shipped.project.children(parent)


def test_shipped_run_releases_a_first_model(shipped):
    assert shipped.exit_code == 0
    assert shipped.project.registry.aliases()["Production"] == "1"
    assert "released by this run" in shipped.output


@pytest.mark.parametrize(
    "noise", ["warning", "deprecat", "traceback", "tracking_uri", "downloading"]
)
def test_shipped_run_prints_no_noise(shipped, noise):
    assert noise not in shipped.output.lower()


def test_shipped_run_is_finished_and_says_where_it_comes_from(parent):
    assert parent.info.status == "FINISHED"
    assert "scikit-learn==" in parent.data.tags["packages"]
    assert {"git_commit", "code_digest"} <= parent.data.tags.keys()


def test_each_shipped_candidate_has_a_finished_run(children):
    assert sorted(children) == sorted(SHIPPED_CANDIDATES)
    assert {run.info.status for run in children.values()} == {"FINISHED"}


def test_models_of_all_candidates_are_kept_without_pickle(shipped, parent):
    experiment = parent.info.experiment_id
    models = shipped.project.client.search_logged_models([experiment])
    folders = [each.artifact_location.removeprefix("file://") for each in models]

    formats = [
        flavours["sklearn"]["serialization_format"]
        for folder in folders
        if "sklearn"
        in (flavours := yaml.safe_load(open(f"{folder}/MLmodel"))["flavors"])
    ]

    assert formats == ["skops"] * len(SHIPPED_CANDIDATES)
    assert not list(shipped.project.path.rglob("*.pkl"))


def test_all_shipped_candidates_are_releasable(children):
    assert {run.data.tags["releasable"] for run in children.values()} == {"True"}


def test_chosen_candidate_is_within_one_standard_error_of_the_best(children):
    best = min(
        (run.data.metrics for run in children.values()), key=lambda m: m["cv/log_loss"]
    )

    (chosen,) = [run for run in children.values() if run.data.tags["chosen"] == "True"]

    enough = best["cv/log_loss"] + best["cv/log_loss_standard_error"]
    assert chosen.data.metrics["cv/log_loss"] <= enough


def test_parent_run_has_the_training_and_held_out_rows_as_inputs(parent):
    inputs = {each.tags[0].value: each.dataset for each in parent.inputs.dataset_inputs}

    assert set(inputs) == {"raw", "training", "testing"}
    assert inputs["training"].digest != inputs["testing"].digest


def test_parent_run_has_metrics_of_data_and_model(parent):
    metrics = parent.data.metrics

    assert (
        metrics["rows/cleaning/rows"],
        metrics["rows/cleaning/duplicates_dropped"],
    ) == (
        150,
        1,
    )
    assert metrics["held_out/accuracy"] > 0.9
    assert metrics["rows/split/train.setosa"] + metrics["rows/split/test.setosa"] > 40


def test_parent_run_has_the_parameters(parent):
    assert parent.data.params["data_engineering.source"] == "sklearn:iris"
    assert parent.data.params["data_science.training.folds"] == "5"
    forest = "data_science.candidates.random_forest.class"
    assert parent.data.params[forest] == "sklearn.ensemble.RandomForestClassifier"
    assert not [value for value in parent.data.params.values() if value[0] == "{"]


def test_parent_run_is_named_by_its_result(parent):
    title = "first release · logistic regression"
    assert parent.info.run_name == f"{title} · {parent.info.run_id[:7]}"
    assert parent.data.tags["candidate"] == "logistic_regression"
    assert parent.data.tags["verdict"] == "first release"


def test_experiment_opens_on_its_training_runs(shipped):
    experiment = shipped.project.client.get_experiment_by_name("iris")

    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("tags.verdict = 'first release'", {"parent", "logistic_regression"}),
        ("tags.chosen = 'True'", {"logistic_regression"}),
        ("tags.candidate = 'random_forest'", {"random_forest"}),
        ("tags.dataset = 'iris'", {"parent", *SHIPPED_CANDIDATES}),
        ("metrics.`cv/log_loss` < 0.1", {"logistic_regression"}),
        ("params.max_depth = '3' and params.n_estimators = '100'", {"random_forest"}),
    ],
)
def test_runs_are_found_by_the_filters_of_the_page(shipped, parent, condition, found):
    """The experiment's description recommends some of them."""
    names = {
        "parent"
        if run.info.run_id == parent.info.run_id
        else run.data.tags["candidate"]
        for run in shipped.project.runs(condition)
    }

    assert names == found


def test_description_of_the_run_leads_to_its_candidates(parent, children):
    note = parent.data.tags["mlflow.note.content"]

    assert "**first release**" in note
    for name, run in children.items():
        assert f"[{name.replace('_', ' ')}](" in note
        assert f"runs/{run.info.run_id})" in note
        assert run.data.tags["data_digest"] == parent.data.tags["data_digest"]


def test_parent_run_has_the_gate_report(shipped, parent):
    folder = mlflow.artifacts.download_artifacts(
        run_id=parent.info.run_id,
        tracking_uri=f"sqlite:///{shipped.project.path}/mlflow.db",
    )

    report = json.loads(open(f"{folder}/reports/gate_report.json").read())
    page = open(f"{folder}/reports/gate_report.md").read()

    assert report["verdict"] == "first release"
    assert page.startswith("# Gate report: first release")


def test_run_leaves_a_model_card_and_logs_it(shipped, parent):
    reporting = shipped.project.path / "data/08_reporting/iris"
    logged = shipped.project.client.list_artifacts(parent.info.run_id, "reports")

    assert (reporting / "model_card.md").read_text().startswith("# Model card: iris")
    assert "<svg" in (reporting / "model_card.html").read_text()
    assert len(list((reporting / "model_card").glob("*.svg"))) == 5
    names = {artifact.path.removeprefix("reports/") for artifact in logged}
    assert {"model_card", "model_card.md", "model_card.html"} <= names
    assert {"contributions.csv", "contribution_summary.json"} <= names


def test_released_version_belongs_to_the_run(shipped, parent):
    (version,) = shipped.project.registry.versions()

    assert version.run_id == parent.info.run_id
    assert version.tags["git_commit"] == parent.data.tags["git_commit"]
    assert version.description.startswith("# first release: logistic regression")


def test_table_on_the_terminal_names_each_candidate(shipped):
    for name in SHIPPED_CANDIDATES:
        assert name.split("_")[0] in shipped.output


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("registry", "list"), "- data_engineering"),
        (("registry", "describe", "model_release"), "decide"),
        (("catalog", "describe-datasets"), "ModelRegistryDataset"),
        (("catalog", "list-patterns"), "{default}"),
        (
            ("catalog", "resolve-patterns"),
            "iris_kedro.datasets.models.files.OnnxDataset",
        ),
        (("model", "--help"), "rollback"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_command_of_kedro_works(project, command, expected):
    result = project.invoke_kedro(*command)

    assert result.exit_code == 0, result.output
    assert expected in result.output


def test_history_command_works_in_a_separate_process(shipped):
    process = shipped.project.start("model", "history")
    output, _ = process.communicate()

    assert process.returncode == 0, output
    assert "first release" in output
    assert "Production is version 1" in output
