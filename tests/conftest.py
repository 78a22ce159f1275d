"""Fixtures shared by all tests."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import onnx
import pandas as pd
import pytest
import rich
import yaml
from click.testing import CliRunner, Result
from hypothesis import settings
from kedro.framework.cli.cli import KedroCLI
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project
from mlflow.entities import Run
from mlflow.tracking import MlflowClient, fluent
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from iris_kedro import configuration
from iris_kedro.cli import cli
from iris_kedro.datasets import ModelRegistryDataset, SourceDataset
from iris_kedro.gate.release import Decision, Release, Verdict
from iris_kedro.model.candidates import TrainedCandidate
from iris_kedro.model.contract import Contract, SplitContract
from iris_kedro.model.provenance import Lineage, Provenance, RawData
from iris_kedro.pipelines.data_engineering.nodes import SplitData, clean, split
from iris_kedro.pipelines.data_science.export import describe_challenger, export_onnx
from iris_kedro.pipelines.data_science.nodes import (
    evaluate_best,
    train_candidate,
)
from iris_kedro.registry import JudgedModel, Registry, Source
from iris_kedro.specification import Candidate, Dataset, Export, Gate, Split, Training
from serving.database import schema
from serving.database.engine import connect
from serving.database.tables import feedback, predictions
from serving.server.boot import spare_collections

ROOT = Path(__file__).parents[1]
COPIED = ["conf", "src", "pyproject.toml", "requirements.lock", ".telemetry"]
BROWSER_TIMEOUT = 30_000  # ms; generous, as machines are slow at times
expect.set_options(timeout=BROWSER_TIMEOUT)
# Repeatable, and no failures because a machine is slow.
settings.register_profile("project", deadline=None, derandomize=True, database=None)
settings.load_profile("project")
# pytest-xdist sets 80 columns, where messages would be wrapped that tests look for.
os.environ.pop("COLUMNS", None)
rich.reconfigure(width=200)

# One fast candidate is enough where the candidates themselves are not the point.
SMALL_CANDIDATES = {
    "logistic_regression": {
        "class": "sklearn.linear_model.LogisticRegression",
        "scale": True,
        "grid": {"C": [1.0, 100.0]},
    }
}


def pytest_collection_finish() -> None:
    """Have Python look for garbage as workers do, and not among all that tests import.

    A fifth of the time of most tests would go to it.
    """
    spare_collections()


@pytest.fixture(scope="session")
def require() -> Callable[[str, object, str], None]:
    """Skip a test that lacks a program, or fail it where that must not happen.

    IRIS_TEST_REQUIRE names, with commas, what must be there: CI sets it.
    """

    def require(name: str, found: object, reason: str) -> None:
        if found:
            return
        if name in os.environ.get("IRIS_TEST_REQUIRE", "").split(","):
            pytest.fail(f"{reason}, and IRIS_TEST_REQUIRE names {name}")
        pytest.skip(reason)

    return require


@pytest.fixture(autouse=True)
def isolated_globals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no test see runs, addresses, variables and candidates of another one."""
    variables = dict(os.environ)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("COLUMNS", "200")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    yield
    while mlflow.active_run():
        mlflow.end_run()
    fluent._active_experiment_id = None
    configuration._names = None
    pipelines.configure(configuration.PIPELINES)
    os.environ.clear()
    os.environ.update(variables)


@pytest.fixture(scope="session")
def requires(require: Callable[[str, object, str], None]) -> Callable[[str], str]:
    """Return a function that finds a program, or skips the test without it."""

    def find(program: str) -> str:
        path = shutil.which(program) or ""
        reason = f"{program} is not installed: apt-get install {program}"
        require(program, bool(path), reason)
        return path

    return find


# Not for the session: while Playwright runs, its event loop takes up the thread.
@pytest.fixture(scope="module")
def chromium(requires: Callable[[str], str]) -> Iterator[Browser]:
    """Return a headless Chromium, the one that the system has."""
    path = requires("chromium")
    # Root, as in containers, cannot have Chromium's sandbox; /dev/shm is small there.
    arguments = ["--disable-dev-shm-usage"]
    if os.getuid() == 0:
        arguments.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages in browsers of their own; in the end, none has complained.

    Answers that are errors are no complaint: tests look at what the page makes of them.
    """
    complaints: list[str] = []
    contexts: list[BrowserContext] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def open_page(url: str, **settings: Any) -> Page:
        contexts.append(chromium.new_context(**settings))
        contexts[-1].set_default_timeout(BROWSER_TIMEOUT)
        page = contexts[-1].new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def picture() -> Callable[[Page, str], None]:
    """Return a function that takes a picture of a page.

    It goes to the folder ``IRIS_TEST_SCREENSHOTS``; without one, there is none.
    """

    def picture(page: Page, name: str, **settings: Any) -> None:
        folder = os.environ.get("IRIS_TEST_SCREENSHOTS")
        if folder:
            page.screenshot(path=Path(folder).resolve() / f"{name}.png", **settings)

    return picture


@pytest.fixture(scope="session")
def read_parameters() -> Callable[..., Any]:
    """Return a function that reads a file of conf/base and walks down its keys."""

    def read(file: str, *keys: str) -> Any:
        found = yaml.safe_load((ROOT / "conf/base" / file).read_text())
        for key in keys:
            found = found[key]
        return found

    return read


@pytest.fixture(scope="session")
def dataset(read_parameters: Callable[..., Any]) -> Dataset:
    """Return the shipped feature specification."""
    return Dataset.model_validate(read_parameters("globals.yml", "dataset"))


@pytest.fixture(scope="session")
def split_parameters(read_parameters: Callable[..., Any]) -> Split:
    """Return the shipped parameters of the split."""
    file = "parameters_data_engineering.yml"
    shipped = read_parameters(file, "data_engineering", "split")
    assert shipped["test_size"] == "${globals:dataset.split.test_size,0.3}"
    return Split.model_validate({**shipped, "test_size": 0.3})


@pytest.fixture(scope="session")
def training(read_parameters: Callable[..., Any]) -> Training:
    """Return the shipped parameters of the training."""
    file = "parameters_data_science.yml"
    return Training.model_validate(read_parameters(file, "data_science", "training"))


@pytest.fixture(scope="session")
def export_parameters(read_parameters: Callable[..., Any]) -> Export:
    """Return the shipped parameters of the export."""
    file = "parameters_data_science.yml"
    return Export.model_validate(read_parameters(file, "data_science", "export"))


@pytest.fixture(scope="session")
def gate(read_parameters: Callable[..., Any]) -> Gate:
    """Return the shipped parameters of the gate."""
    file = "parameters_model_release.yml"
    return Gate.model_validate(read_parameters(file, "model_release", "gate"))


@pytest.fixture(scope="session")
def iris_csv() -> bytes:
    """Return scikit-learn's Iris as a CSV."""
    return SourceDataset("sklearn:iris", "species").load()


@pytest.fixture(scope="session")
def sides(
    iris_csv: bytes, dataset: Dataset, split_parameters: Split
) -> Callable[[], SplitData]:
    """Return a function that gives fresh training and held-out rows of Iris."""
    raw = pd.read_csv(pd.io.common.BytesIO(iris_csv))
    parts = split(clean(raw, dataset).data, dataset, split_parameters)
    return lambda: parts._replace(train=parts.train.copy(), test=parts.test.copy())


@pytest.fixture
def train_data(sides: Callable[[], SplitData]) -> pd.DataFrame:
    """Return the training rows of Iris."""
    return sides().train


@pytest.fixture
def test_data(sides: Callable[[], SplitData]) -> pd.DataFrame:
    """Return the held-out rows of Iris."""
    return sides().test


@pytest.fixture(scope="session")
def provenance() -> Provenance:
    """Return where a run could come from."""
    return Provenance(
        run_id="",
        started_at="2026-11-01T12:00:00+00:00",
        git_commit="c0ffee",
        code_digest="sha256:code",
        packages=("numpy==2.4.0",),
    )


@pytest.fixture(scope="session")
def lineage(provenance: Provenance) -> Lineage:
    """Return what a model could come from."""
    raw = RawData("mlruns/raw/c0ffee.csv", "c0ffee", "flowers.csv")
    return Lineage("sha256:data", provenance, "sha256:training", raw)


@pytest.fixture(scope="session")
def train(
    sides: Callable[[], SplitData], dataset: Dataset, training: Training
) -> Callable[..., dict[str, TrainedCandidate]]:
    """Return a function that trains candidates as they stand in the YAML."""

    def train(candidates: dict[str, Any] | None = None) -> dict[str, TrainedCandidate]:
        return {
            name: train_candidate(
                name,
                sides().train,
                dataset,
                Candidate.model_validate(candidate),
                training,
            )
            for name, candidate in (candidates or SMALL_CANDIDATES).items()
        }

    return train


@pytest.fixture(scope="session")
def trained(
    train: Callable[..., dict[str, TrainedCandidate]],
) -> dict[str, TrainedCandidate]:
    """Return one trained candidate, a logistic regression."""
    return train()


@pytest.fixture(scope="session")
def make_challenger(
    train: Callable[..., dict[str, TrainedCandidate]],
    sides: Callable[[], SplitData],
    dataset: Dataset,
    split_parameters: Split,
    export_parameters: Export,
    training: Training,
    lineage: Lineage,
) -> Callable[..., onnx.ModelProto]:
    """Return a function that trains a model that carries its contract.

    The smaller ``C``, the worse the model. ``split`` is what the contract says of it.
    """

    def make(
        C: float = 1.0,  # noqa: N803  (scikit-learn's name)
        split: Split = split_parameters,
    ) -> onnx.ModelProto:
        candidate = {
            "class": "sklearn.linear_model.LogisticRegression",
            "grid": {"C": [C]},
        }
        trained = train({"logistic_regression": candidate})["logistic_regression"]
        train_data, test_data, *_ = sides()
        best = export_onnx(trained, train_data, dataset, export_parameters)
        model = describe_challenger(
            best,
            evaluate_best(best, test_data, dataset),
            train_data,
            test_data,
            lineage,
            dataset,
            split_parameters,
            export_parameters,
            training,
        )
        claimed = SplitContract(salt=split.salt, test_size=split.test_size)
        return Contract.read(model).model_copy(update={"split": claimed}).embed(model)

    return make


@pytest.fixture(scope="session")
def challenger(make_challenger: Callable[..., onnx.ModelProto]) -> onnx.ModelProto:
    """Return a good model that carries its contract."""
    return make_challenger()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated MLflow database without runs, to be copied."""
    file = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    MlflowClient(f"sqlite:///{file}").search_experiments()
    return file


@pytest.fixture
def tracking(
    empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> MlflowClient:
    """Return a client of an MLflow of this test alone, which is the default one."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(empty_database, tmp_path / "mlflow.db")
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("iris")
    return MlflowClient(uri)


@pytest.fixture
def registry(tracking: MlflowClient) -> Registry:
    """Return an empty registry of the model iris."""
    return Registry("iris", tracking)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an hour pass with each look of the registry at the clock, from noon on."""

    class Clock(datetime):
        hours = 11

        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            cls.hours += 1
            return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(hours=cls.hours)

    monkeypatch.setattr("iris_kedro.registry.storage.history.datetime", Clock)


@pytest.fixture
def register(tmp_path: Path) -> Callable[..., str]:
    """Return a function that releases a model without files and returns its version.

    Each is another model, judged against today's Production, unless it is said.
    """
    numbers = count(1)

    def register(registry: Registry, verdict: str = "better", **changes: Any) -> str:
        judged = JudgedModel(
            fingerprint=f"model {next(numbers)}",
            run_id="",
            promotes=verdict in {"first release", "better", "not worse"},
            compared_with=registry.aliases().get("Production"),
            judgement={"verdict": verdict, "reasons": '["because of the test"]'},
            tags={},
        )
        return registry.release(replace(judged, **changes), Source(str(tmp_path)))

    return register


@pytest.fixture
def release(challenger: onnx.ModelProto, lineage: Lineage) -> Callable[..., str]:
    """Return a function that saves a release and returns the newest version."""

    def release(
        verdict: Verdict = Verdict.FIRST_RELEASE,
        compared_with: str | None = None,
        fingerprint: str = "fingerprint",
        model: onnx.ModelProto = challenger,
        run_id: str = "",
        **others: Any,
    ) -> str:
        promotes = verdict in {
            Verdict.FIRST_RELEASE,
            Verdict.BETTER,
            Verdict.NOT_WORSE,
        }
        decision = Decision(verdict, ["because of the test"], promotes)
        ModelRegistryDataset("iris").save(
            Release(
                model,
                decision,
                replace(lineage, provenance=replace(lineage.provenance, run_id=run_id)),
                compared_with,
                fingerprint,
                **others,
            )
        )
        return str(Registry("iris").versions()[-1].version)

    return release


@dataclass(frozen=True)
class Project:
    """A copy of the project in a folder of its own."""

    path: Path

    @property
    def client(self) -> MlflowClient:
        """Client of the project's MLflow."""
        return MlflowClient(f"sqlite:///{self.path}/mlflow.db")

    @property
    def registry(self) -> Registry:
        """Registry of the project's model."""
        return Registry("iris", self.client)

    def change(self, file: str, key: str, value: Any) -> None:
        """Set a value in a file of conf/base, as a user would by editing it."""
        path = self.path / "conf/base" / file
        content = yaml.safe_load(path.read_text())
        *parents, last = key.split(".")
        target = content
        for parent in parents:
            target = target[parent]
        target[last] = value
        path.write_text(yaml.safe_dump(content, sort_keys=False))

    def write_csv(self, content: str | bytes | pd.DataFrame) -> None:
        """Make this the source of the data."""
        path = self.path / "source.csv"
        if isinstance(content, pd.DataFrame):
            content = content.to_csv(index=False)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.change("globals.yml", "dataset.source", str(path))

    def invoke(self, *arguments: str) -> Result:
        """Give a command to the project's own part of kedro, in this process."""
        bootstrap_project(self.path)
        return CliRunner().invoke(cli, list(arguments))

    def invoke_kedro(self, *arguments: str) -> Result:
        """Give a command to kedro itself, in this process."""
        return CliRunner().invoke(KedroCLI(self.path), list(arguments))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start kedro in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "kedro", *arguments],
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def runs(self, condition: str = "") -> list[Run]:
        """Find runs in MLflow, oldest first."""
        experiment = self.client.get_experiment_by_name("iris")
        return self.client.search_runs(
            [experiment.experiment_id], condition, order_by=["start_time ASC"]
        )

    def parents(self) -> list[Run]:
        """Return the runs that ``kedro run`` started, oldest first."""
        return [run for run in self.runs() if "mlflow.parentRunId" not in run.data.tags]

    def children(self, parent: Run) -> dict[str, Run]:
        """Return the candidates' runs by name."""
        condition = f"tags.mlflow.parentRunId = '{parent.info.run_id}'"
        return {run.info.run_name: run for run in self.runs(condition)}


@pytest.fixture(scope="session")
def copy_project(empty_database: Path) -> Callable[..., Project]:
    """Return a function that copies the project.

    With ``small`` it has only one candidate, with a small grid.
    """

    def copy(path: Path, small: bool) -> Project:
        path.mkdir()
        for name in COPIED:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, path / name)
        (path / "data").mkdir()
        shutil.copy(empty_database, path / "mlflow.db")
        project = Project(path)
        if small:
            file = "parameters_data_science.yml"
            project.change(file, "data_science.candidates", SMALL_CANDIDATES)
            project.change(file, "data_science.export.random_rows", 100)
        return project

    return copy


@pytest.fixture
def project(
    copy_project: Callable[..., Project],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Project:
    """Return a project with one fast candidate, and go there."""
    project = copy_project(tmp_path / "project", small=True)
    monkeypatch.chdir(project.path)
    return project


@dataclass(frozen=True)
class ShippedRun:
    """What the project does as it is shipped, in a process of its own."""

    project: Project
    output: str
    exit_code: int


@pytest.fixture(scope="session")
def shipped(
    copy_project: Callable[..., Project], tmp_path_factory: pytest.TempPathFactory
) -> ShippedRun:
    """Return the result of ``kedro run`` with everything as it is shipped."""
    project = copy_project(tmp_path_factory.mktemp("shipped") / "project", small=False)
    process = project.start("run")
    output, _ = process.communicate()
    return ShippedRun(project, output, process.returncode)


@pytest.fixture
def flower() -> Callable[..., pd.DataFrame]:
    """Return a function that makes rows of valid measurements."""

    def make(species: list[str], seed: int = 0) -> pd.DataFrame:
        generator = np.random.default_rng(seed)
        measurements = {
            name: generator.uniform(1, 5, len(species)).round(6)
            for name in ("sepal_length", "sepal_width", "petal_length", "petal_width")
        }
        return pd.DataFrame({**measurements, "species": species})

    return make


@pytest.fixture(scope="session")
def insert_labelled() -> Callable[..., None]:
    """Return a function that writes predictions and their labels, as the service does.

    A row is its features and its label, or None without one. They are predicted one
    second after another.
    """

    def insert(
        url: str,
        model: str,
        rows: list[tuple[dict[str, Any], str | None]],
        start: float = 1_800_000_000,
    ) -> None:
        engine = connect(url)
        schema.upgrade(engine)
        with engine.begin() as connection:
            for number, (features, label) in enumerate(rows):
                key = {"prediction_id": f"{model}-{start + number:.0f}", "row_index": 0}
                row = predictions.insert().values(
                    **key,
                    predicted_at=start + number,
                    model=model,
                    version="1",
                    arm="production",
                    request_id="r",
                    route="/predict",
                    features=json.dumps(features),
                    prediction="",
                    probabilities="{}",
                )
                connection.execute(row)
                if label is not None:
                    received = start + number + 3600
                    values = {**key, "label": label, "received_at": received}
                    connection.execute(feedback.insert().values(**values))
        engine.dispose()

    return insert
