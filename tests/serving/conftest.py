"""Tiny real models, applications that serve them, and a fresh store for each test."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from serving import create_app
from serving.config import Config, variable_name
from serving.database.engine import connect
from serving.database.schema import upgrade
from serving.database.tables import feedback, predictions
from serving.model.onnx_model import Model, Version
from serving.model.store import CURRENT, Store

PROJECT = Path(__file__).resolve().parents[2]
IRIS = ("sepal_length", "sepal_width", "petal_length", "petal_width")
SETOSA = {
    "sepal_length": 5.1,
    "sepal_width": 3.5,
    "petal_length": 1.4,
    "petal_width": 0.2,
}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the environment of whoever runs the tests out of them."""
    for name in ("PROMETHEUS_MULTIPROC_DIR", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)


def train(features: dict[str, np.ndarray], labels: np.ndarray, **changes) -> bytes:
    """Train a regression on some columns and export it with a contract."""
    X = np.column_stack(list(features.values()))
    model = LogisticRegression(C=changes.pop("C", 1.0), max_iter=2000).fit(X, labels)
    inputs = [("features", FloatTensorType([None, X.shape[1]]))]
    exported = to_onnx(model, initial_types=inputs, options={"zipmap": False})
    names = [output.name for output in exported.graph.output]
    assert names == ["label", "probabilities"], names
    golden = X[:: max(1, len(X) // 6)].astype(np.float32)
    contract = {
        "schema_version": 1,
        "name": "iris",
        "candidate": "logistic_regression",
        "data_digest": "sha256:data",
        "features": [
            describe_feature(name, values) for name, values in features.items()
        ],
        "target": {
            "name": "species",
            "description": "Species of the flower",
            "classes": [str(label) for label in model.classes_],
            "training_counts": [
                int((labels == label).sum()) for label in model.classes_
            ],
        },
        "golden_rows": {
            "inputs": golden.astype(float).tolist(),
            "predictions": [str(label) for label in model.predict(golden)],
            "probabilities": model.predict_proba(golden).tolist(),
            "tolerance": 1e-4,
        },
        "split": {"salt": "iris", "test_size": 0.2},
        "metrics": {"accuracy": 0.97},
        "source": {},
    } | changes
    onnx.helper.set_model_props(exported, {"contract": json.dumps(contract)})
    return exported.SerializeToString()


def describe_feature(name: str, values: np.ndarray) -> dict:
    return {
        "name": name,
        "description": name.replace("_", " ").capitalize(),
        "unit": "cm",
        "minimum": 0.1,
        "maximum": 30.0,
        "training": {
            "mean": float(values.mean()),
            "standard_deviation": float(values.std()),
            "quantiles": np.quantile(values, np.linspace(0, 1, 11)).tolist(),
        },
    }


@pytest.fixture(scope="session")
def build_iris() -> Callable[..., bytes]:
    """Build the four-feature, three-class model; ``C=`` makes another of the kind."""
    data = load_iris()
    features = dict(zip(IRIS, data.data.T, strict=True))
    labels = np.array(data.target_names)[data.target]

    def build(**changes) -> bytes:
        return train(features, labels, **changes)

    return build


@pytest.fixture(scope="session")
def iris_bytes(build_iris: Callable[..., bytes]) -> bytes:
    return build_iris()


@pytest.fixture(scope="session")
def wine_bytes() -> bytes:
    """Build a model with three other features and two other classes."""
    data = load_iris()
    features = dict(zip(("acid", "sugar", "salt"), data.data.T[:3], strict=True))
    labels = np.where(data.target == 0, "red", "white")
    return train(features, labels)


PORTS, DECKS = ["C", "Q", "S", "never seen"], ["1", "2", "3"]
PASSENGERS = [
    {
        "name": "age",
        "type": "number",
        "description": "Age",
        "unit": "years",
        "minimum": 0.0,
        "maximum": 120.0,
        "nullable": True,
    },
    {
        "name": "siblings",
        "type": "integer",
        "description": "",
        "unit": "",
        "minimum": 0.0,
        "maximum": 20.0,
    },
    {"name": "alone", "type": "boolean", "description": "", "nullable": True},
    {
        "name": "port",
        "type": "category",
        "description": "Port of embarkation",
        "categories": PORTS,
        "nullable": True,
        "unknown": "accept",
    },
    {"name": "deck", "type": "category", "description": "", "categories": DECKS},
]


def make_passengers(rows: int = 300) -> pd.DataFrame:
    """Make rows as JSON has them, with None for what is missing."""
    rng = np.random.default_rng(0)
    columns = {
        "age": rng.integers(1, 160, rows) / 2,
        "siblings": rng.integers(0, 6, rows),
        "alone": rng.random(rows) < 0.6,
        "port": rng.choice(PORTS[:3], rows),
        "deck": rng.choice(DECKS, rows),
    }
    table = pd.DataFrame({name: list(column) for name, column in columns.items()})
    table = table.astype(object)
    for name in ("age", "alone", "port"):
        table.loc[rng.random(rows) < 0.15, name] = None
    return table


def describe_passengers(table: pd.DataFrame) -> list[dict]:
    """Describe the columns as training does."""
    features = []
    for feature in PASSENGERS:
        column = table[feature["name"]]
        present = column.dropna()
        if feature["type"] in ("number", "integer"):
            training = describe_feature("", present.to_numpy(float))["training"]
        else:
            values = feature.get("categories", [False, True])
            training = {"counts": [int((present == value).sum()) for value in values]}
        training["missing"] = float(column.isna().mean())
        features.append({**feature, "training": training})
    return features


def train_passengers(**changes) -> bytes:
    """Train a model of columns of all types and export it with a contract."""
    table = make_passengers()
    numbers = table[["age", "siblings", "alone"]].astype(float)
    categories = table[["port", "deck"]].fillna("")
    inputs = pd.concat([numbers, categories.astype(object)], axis=1)
    is_alive = (numbers["age"].fillna(30) < 30) ^ (categories["port"] == "C")
    labels = np.where(is_alive ^ (categories["deck"] == "2"), "1", "0")
    known = [[*PORTS, ""], [*DECKS, ""]]
    encoder = OneHotEncoder(categories=known, handle_unknown="ignore")
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    columns = ColumnTransformer(
        [("numbers", scaled, [0, 1, 2]), ("categories", encoder, [3, 4])]
    )
    model = make_pipeline(columns, LogisticRegression()).fit(inputs, labels)
    exported = to_onnx(
        model,
        initial_types=[
            ("numbers", FloatTensorType([None, 3])),
            ("categories", StringTensorType([None, 2])),
        ],
        options={"zipmap": False},
    )
    golden = inputs[:8]
    contract = {
        "schema_version": 2,
        "name": "passengers",
        "features": describe_passengers(table),
        "target": {
            "name": "survived",
            "description": "Whether the passenger survived",
            "classes": ["0", "1"],
            "training_counts": [int((labels == label).sum()) for label in ("0", "1")],
            "labels": {"0": "died", "1": "survived"},
            "positive": "1",
        },
        "golden_rows": {
            "inputs": table[:8].to_numpy().tolist(),
            "predictions": model.predict(golden).tolist(),
            "probabilities": model.predict_proba(golden).tolist(),
            "tolerance": 1e-4,
        },
    } | changes
    onnx.helper.set_model_props(exported, {"contract": json.dumps(contract)})
    return exported.SerializeToString()


@pytest.fixture(scope="session")
def passengers_bytes() -> bytes:
    """Build a model whose features are of all types, some of them nullable."""
    return train_passengers()


@pytest.fixture
def passengers(load: Callable[..., Model], passengers_bytes: bytes) -> Model:
    return load(passengers_bytes, "5")


@pytest.fixture
def change() -> Callable[..., bytes]:
    """Return a function that changes the contract in a model."""

    def change(content: bytes, **changes) -> bytes:
        model = onnx.load_from_string(content)
        contract = json.loads(model.metadata_props[0].value)
        for key, value in changes.items():
            contract[key] = {**contract.get(key, {}), **value}
        onnx.helper.set_model_props(model, {"contract": json.dumps(contract)})
        return model.SerializeToString()

    return change


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Model]:
    """Load a model from its bytes, as a version."""

    def load(content: bytes, version: str = "3", **changes) -> Model:
        file = tmp_path / f"model-{version}.onnx"
        file.write_bytes(content)
        return Model.load(file, replace(describe_version(content, version), **changes))

    return load


@pytest.fixture
def describe() -> Callable[[bytes, str], Version]:
    """Describe a model's bytes as the registry would."""
    return describe_version


def describe_version(content: bytes, version: str) -> Version:
    return Version(
        name="iris",
        version=version,
        run_id="0123456789abcdef",
        digest=f"sha256:{hashlib.sha256(content).hexdigest()}",
        alias="Production",
        created_at="2026-11-23T00:00:00Z",
        tags={"verdict": "released", "reasons": '["better"]', "git_commit": "abc"},
    )


@pytest.fixture
def iris(load: Callable[..., Model], iris_bytes: bytes) -> Model:
    return load(iris_bytes)


@pytest.fixture
def wine(load: Callable[..., Model], wine_bytes: bytes) -> Model:
    return load(wine_bytes, "7")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(store=tmp_path / "store", model_name="iris")


@pytest.fixture
def load_published() -> Callable[..., Model | None]:
    """Load what a role of a store points to, as workers do."""

    def load_published(store: Store, role: str = CURRENT) -> Model | None:
        pointer = store.read_pointer(role)
        return store.load(pointer) if pointer else None

    return load_published


@pytest.fixture
def make_app(config: Config):
    """Create applications and stop their threads in the end."""
    apps: list[Flask] = []

    def make(model: Model | None = None, **settings) -> Flask:
        apps.append(create_app(replace(config, **settings), model))
        return apps[-1]

    yield make
    for app in apps:
        app.extensions["serving"].stop()


@pytest.fixture
def client(make_app, iris: Model) -> FlaskClient:
    return make_app(iris).test_client()


@pytest.fixture
def setosa() -> dict[str, float]:
    return dict(SETOSA)


@pytest.fixture
def store_predictions() -> Callable[..., None]:
    """Return a function that stores predictions as the service does."""

    def store(url: str, *rows: tuple[str, int, str], **changes: Any) -> None:
        """Store rows, each with the id, its place and the predicted class."""
        engine = connect(url)
        upgrade(engine)
        common = {
            "predicted_at": time.time(),
            "model": "iris",
            "version": "3",
            "arm": "production",
            "request_id": "request",
            "route": "/predict",
            "features": "{}",
            "probabilities": "{}",
        }
        names = ("prediction_id", "row_index", "prediction")
        values = [dict(zip(names, row, strict=True)) for row in rows]
        with engine.begin() as connection:
            connection.execute(
                predictions.insert(), [common | changes | each for each in values]
            )
        engine.dispose()

    return store


@pytest.fixture
def read_feedback() -> Callable[[str], dict[tuple[str, int], str]]:
    """Return a function that reads all labels of a database, by id and row."""

    def read(url: str) -> dict[tuple[str, int], str]:
        engine = connect(url)
        with engine.connect() as connection:
            rows = connection.execute(feedback.select()).all()
        engine.dispose()
        return {(row.prediction_id, row.row_index): row.label for row in rows}

    return read


class Registry:
    """A real MLflow registry in a SQLite file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "mlflow.db"
        self.uri = f"sqlite:///{self.file}"

    @property
    def client(self):
        from mlflow import MlflowClient  # noqa: PLC0415 -- takes seconds

        return MlflowClient(self.uri, self.uri)

    def register(self, content: bytes, digest: str | None = None) -> str:
        """Register a model file as training does; return its version."""
        source = self.folder / f"artifacts-{len(list(self.folder.iterdir()))}"
        source.mkdir()
        (source / "model.onnx").write_bytes(content)
        described = describe_version(content, "")
        tags = described.tags | {"file_digest": digest or described.digest}
        version = self.client.create_model_version(
            "iris", str(source), run_id=None, tags=tags
        )
        return str(version.version)

    def promote(self, version: str, alias: str = "Production") -> None:
        self.client.set_registered_model_alias("iris", alias, version)

    def release(self, content: bytes, **changes) -> str:
        version = self.register(content, **changes)
        self.promote(version)
        return version

    def artifact(self, version: str) -> Path:
        source = self.client.get_model_version("iris", version).source
        return Path(source) / "model.onnx"


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create the tables once: that takes MLflow seconds."""
    registry = Registry(tmp_path_factory.mktemp("registry"))
    registry.client.create_registered_model("iris")
    return registry.file


@pytest.fixture
def registry(empty_registry: Path, tmp_path: Path) -> Registry:
    folder = tmp_path / "registry"
    folder.mkdir()
    shutil.copy(empty_registry, folder / "mlflow.db")
    return Registry(folder)


class Server:
    """A real gunicorn with its follower."""

    def __init__(self, folder: Path, uri: str, **settings: object) -> None:
        self.port = int(str(settings.pop("port", 0))) or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.store = folder / "store"
        self.log = folder / "server.log"
        arguments = settings.pop("gunicorn", "")
        variables = {variable_name(name): str(v) for name, v in settings.items()}
        environ = os.environ | {
            "GUNICORN_CMD_ARGS": str(arguments),
            "PYTHONPATH": str(PROJECT),
            "MLFLOW_TRACKING_URI": uri,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "IRIS_BIND": f"127.0.0.1:{self.port}",
            "IRIS_WORKERS": "2",
            "IRIS_STORE": str(self.store),
            "IRIS_FOLLOW_SECONDS": "0.3",
        }
        # Not "python -m gunicorn", with which gunicorn cannot replace itself (USR2).
        command = [
            str(Path(sys.executable).with_name("gunicorn")),
            "-c",
            "python:serving.server.gunicorn_conf",
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env=environ | variables,
                stdout=log,
                stderr=log,
            )

    def children(self) -> dict[int, str]:
        """Return the living child processes and their command lines."""
        return children_of(self.process.pid)

    def workers(self) -> list[int]:
        return [pid for pid, line in self.children().items() if "gunicorn" in line]

    def follower(self) -> int | None:
        lines = self.children().items()
        return next(
            (pid for pid, line in lines if "serving.registry.follower" in line), None
        )

    def logged(self, message: str) -> list[dict]:
        """Return the log's lines with a message."""
        lines = self.log.read_text().splitlines()
        entries = [json.loads(line) for line in lines if line.startswith("{")]
        return [entry for entry in entries if entry["message"] == message]

    def get(self, path: str) -> requests.Response:
        return requests.get(self.url + path, timeout=10)

    def predict(self) -> requests.Response:
        return requests.post(f"{self.url}/predict", json=SETOSA, timeout=10)

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of a metric's samples that have these labels."""
        families = text_string_to_metric_families(self.get("/metrics").text)
        samples = [sample for family in families for sample in family.samples]
        return sum(
            sample.value
            for sample in samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def serves(self, version: str) -> bool:
        """Say whether all workers have a version, as far as 20 answers tell."""
        answers = [self.predict() for _ in range(20)]
        return all(
            answer.status_code == 200 and answer.json()["model"]["version"] == version
            for answer in answers
        )

    def stop(self) -> None:
        """Stop it, gently first."""
        known = self.children()
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in known:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)


def children_of(parent: int) -> dict[int, str]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text()
            line = (folder / "cmdline").read_text().replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, owner = status.rpartition(")")[2].split()[:2]
        if int(owner) == parent and state != "Z":
            found[int(folder.name)] = line
    return found


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start(registry: Registry, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start servers on the registry; wait until they answer; stop them in the end."""
    servers: list[Server] = []

    def start(**settings: object) -> Server:
        server = Server(tmp_path, registry.uri, **settings)
        servers.append(server)
        wait_until(lambda: answers(server), f"{server.log} says why it does not start")
        return server

    yield start
    for server in servers:
        server.stop()


def answers(server: Server) -> bool:
    assert server.process.poll() is None, server.log.read_text()
    try:
        return server.get("/health/live").status_code == 200
    except (requests.ConnectionError, requests.Timeout):
        return False


def wait_until(holds: Callable[[], object], what: str, seconds: float = 60) -> None:
    """Wait for something to hold; a generous end, as machines are slow at times."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not in {seconds} s: {what}"
        time.sleep(0.05)


@pytest.fixture
def eventually() -> Callable[..., None]:
    return wait_until


@pytest.fixture
def alive() -> Callable[[int], bool]:
    return is_alive
