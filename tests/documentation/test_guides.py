"""Every command of the guides that need no more than a clone, in one."""

import shutil
from collections.abc import Iterator

import pytest
from mlflow.tracking import MlflowClient

from tests.documentation.clone import (
    KEPT,
    ROOT,
    Check,
    Clone,
    NotRun,
    activates,
    find_missing_tests,
    make_clone,
    prints_in_process,
    read_commands,
    select_run,
)

PAGES = (
    "run.md",
    "roll-back.md",
    "canary.md",
    "monitor.md",
    "retrain.md",
    "another-model.md",
)
TEXTS = [(ROOT / "docs/how-to" / page).read_text() for page in PAGES]
SCALE = (ROOT / "docs/how-to/scale.md").read_text().split("### With Docker")[0]
COMMANDS = list(dict.fromkeys(read_commands("\n".join([*TEXTS, SCALE]))))


@pytest.fixture(scope="module")
def clone(requires, run_once, tmp_path_factory) -> Iterator[Clone]:
    """Return a clone with one fast candidate and three versions to promote."""
    clone = make_clone(requires, tmp_path_factory.mktemp("guides"))
    clone.take_over(run_once("released", small=True))
    add_versions(f"sqlite:///{clone.path}/mlflow.db")
    _, *rows = (clone.path / "data/01_raw/iris/raw.csv").read_text().splitlines()
    names = "sepal_length,sepal_width,petal_length,petal_width"
    lines = [names, *(row.rpartition(",")[0] for row in rows)]
    (clone.path / "rows").mkdir()
    (clone.path / "rows/flowers.csv").write_text("\n".join(lines) + "\n")
    yield clone
    clone.stop()


def add_versions(uri: str) -> None:
    """Register the version in Production twice more."""
    client = MlflowClient(uri)
    first = client.get_model_version("iris", "1")
    files = client.get_model_version_download_uri("iris", "1")
    for _ in range(2):
        client.create_model_version("iris", files, first.run_id, tags=first.tags)


def trains_one_candidate(clone: Clone, command: str) -> None:
    prints_in_process("2 of 2")(clone, command.replace("random_forest", KEPT))


def trains_on_a_file(clone: Clone, command: str) -> None:
    rows = (clone.path / "data/01_raw/iris/raw.csv").read_text()
    another = "5.05,3.45,1.45,0.25,setosa\n"  # or there would be nothing to train
    (clone.path / "flowers.csv").write_text(rows + another)
    prints_in_process("Fetched flowers.csv")(clone, command)


def runs_on_another_store(clone: Clone, command: str) -> None:
    # A copy, because MLflow takes long to create the tables of a new one.
    shutil.copy(clone.path / "mlflow.db", clone.path / "shared.db")
    check = prints_in_process("Gate  ", MLFLOW_TRACKING_URI="sqlite:///shared.db")
    check(clone, command)


def promotes(clone: Clone, command: str) -> None:
    # The commands before have judged this version again.
    client = MlflowClient(f"sqlite:///{clone.path}/mlflow.db")
    client.set_model_version_tag("iris", "3", "verdict", "better")
    client.set_model_version_tag("iris", "3", "promotes", "True")
    prints_in_process("Production of iris is version 3")(clone, command)


IN_PROCESS = NotRun("tests/runs/test_options.py")
OF_MODELS = NotRun("tests/iris_kedro/cli/test_cli.py")
OF_CANARIES = NotRun("tests/iris_kedro/cli/test_canary.py")
CHECKS: dict[str, Check | NotRun] = {
    # Run pipelines
    "source .venv/bin/activate": activates,
    "kedro run": prints_in_process("Gate  "),
    "kedro run --pipelines data_engineering": IN_PROCESS,
    "kedro run --tags data_science": prints_in_process("Candidates"),
    "kedro run --namespaces candidates.random_forest": trains_one_candidate,
    "kedro run --from-nodes select_best": prints_in_process("Candidates"),
    "kedro run --params data_engineering.source=flowers.csv": trains_on_a_file,
    "kedro run --params model_release.gate.minimum_accuracy=0.8": prints_in_process(
        "Gate  "
    ),
    "kedro run --runner ThreadRunner": IN_PROCESS,
    "kedro run --env dask": NotRun("tests/test_cluster.py"),
    "kedro run --env production": runs_on_another_store,
    "kedro run --pipelines monitoring": NotRun("tests/test_monitoring.py"),
    "kedro run --pipelines batch_inference --params"
    " batch_inference.source=flowers.csv,batch_inference.layout=source"
    ",batch_inference.target=scores": prints_in_process("Scored  "),
    "kedro watch": NotRun("tests/test_watch.py"),
    "kedro registry list": prints_in_process("model_release"),
    "kedro catalog describe-datasets": prints_in_process("ModelRegistryDataset"),
    # Promote and roll back
    "kedro model list": OF_MODELS,
    "kedro model canary": OF_CANARIES,
    'kedro model canary --stop --reason "…"': OF_CANARIES,
    "kedro model history": prints_in_process("Production is version"),
    "kedro model history --at 2026-11-01T12:00": OF_MODELS,
    "kedro model promote 3": promotes,
    'kedro model promote 2 --reason "…"': prints_in_process(
        "Production of iris is version 2"
    ),
    'kedro model rollback --reason "…"': OF_MODELS,
    "kedro model resume": OF_MODELS,
    "kedro model prune --keep 10": OF_MODELS,
    # Canary, monitoring, watcher
    "kedro model canary --decide": NotRun("tests/documentation/test_tutorial.py"),
    'kedro model canary --stop --reason "too early"': OF_CANARIES,
    "kedro run --pipelines monitoring --env wine": NotRun("tests/test_monitoring.py"),
    "kedro watch --once": NotRun("tests/documentation/test_tutorial.py"),
    "kedro watch status": prints_in_process("Watcher"),
    'kedro watch reset --reason "data fixed"': prints_in_process(
        "The breaker of iris is closed."
    ),
    "kedro run --params data_engineering.labelled_rows.enabled=true": NotRun(
        "tests/documentation/test_tutorial.py"
    ),
    # Scale
    "kedro run --pipelines batch_inference --params"
    " batch_inference.source=rows/,batch_inference.target=scores/": (
        prints_in_process("Scored  ")
    ),
    "kedro run --env dask --pipelines batch_inference --params"
    " batch_inference.source=rows/,batch_inference.target=scores/": NotRun(
        "tests/batch_inference/test_cluster.py"
    ),
}


def test_every_command_has_a_check():
    assert set(COMMANDS) == set(CHECKS)
    assert find_missing_tests(CHECKS) == []


@pytest.mark.slow
@pytest.mark.parametrize("command", select_run(COMMANDS, CHECKS))
def test_command_works(clone, command):
    CHECKS[command](clone, command)
