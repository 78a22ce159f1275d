"""A trained project that scores rows, and what the service answers for them."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from click.testing import Result

from serving import create_app
from serving.config import Config
from serving.model.onnx_model import Model, Version
from tests.iris_kedro import passengers

FEATURES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


@pytest.fixture(scope="session")
def trained(copy_project, tmp_path_factory):
    """Return a project with a released model of Iris, and one of passengers."""
    project = copy_project(tmp_path_factory.mktemp("batch") / "project", small=True)
    rows = passengers.draw(400)
    (project.path / "passengers.csv").write_bytes(passengers.write(rows))
    (project.path / "conf/passengers").mkdir()
    specification = yaml.safe_dump({"dataset": passengers.SPECIFICATION})
    (project.path / "conf/passengers/globals.yml").write_text(specification)
    for measure in ("accuracy", "recall"):  # the classes are nearly random
        floor = f"model_release.gate.minimum_{measure}"
        project.change("parameters_model_release.yml", floor, 0.01)
    for options in ([], ["--env", "passengers"]):
        process = project.start("run", *options)
        output, _ = process.communicate()
        assert process.returncode == 0, output
        assert "released by this run" in output
    return project


@dataclass(frozen=True)
class Scored:
    """A run, and what it left."""

    result: Result
    target: Path

    @property
    def output(self) -> str:
        """What the run said, in one line."""
        return " ".join(self.result.output.split())

    @property
    def scores(self) -> pd.DataFrame:
        files = sorted(self.target.glob("part-*.parquet"))
        return pd.concat(map(pd.read_parquet, files), ignore_index=True)

    @property
    def rejects(self) -> pd.DataFrame:
        files = sorted(self.target.glob("_rejects/part-*.parquet"))
        return pd.concat(map(pd.read_parquet, files), ignore_index=True)


@pytest.fixture
def score(trained, tmp_path, monkeypatch) -> Callable[..., Scored]:
    """Return a function that runs the pipeline with parameters."""
    monkeypatch.chdir(trained.path)
    # The name of a test may have commas, where --params would be cut.
    target = tmp_path / "scores"

    def score(*options: str, **parameters: Any) -> Scored:
        given = {"target": target, **parameters}
        texts = [
            f"batch_inference.{name}={value}"
            for name, value in given.items()
            if value is not None
        ]
        result = trained.invoke(
            "run", "--pipelines=batch_inference", *options, "--params", ",".join(texts)
        )
        return Scored(result, Path(given["target"] or target))

    return score


@pytest.fixture
def flowers(trained) -> pd.DataFrame:
    """Return measurements that the model of Iris was trained on, with a key."""
    raw = pd.read_csv(trained.path / "data/01_raw/iris/raw.csv")
    table = raw.iloc[:, :4].set_axis(FEATURES, axis=1)
    table.insert(0, "key", [f"flower {number}" for number in range(len(table))])
    return table


@dataclass(frozen=True)
class Service:
    """A service with a model of the project, in this process."""

    client: Any

    def post(self, body: bytes, kind: str, layout: str = "contract") -> Any:
        answer = self.client.post(
            f"/predict/batch?layout={layout}", data=body, content_type=kind
        )
        return answer.json

    def predict(self, rows: list[dict[str, Any]]) -> Any:
        body = json.dumps({"instances": rows}).encode()
        return self.post(body, "application/json")


@pytest.fixture
def make_service(trained) -> Callable[..., Service]:
    """Return a function that starts a service with a trained model."""

    def make(name: str) -> Service:
        path = trained.path / f"data/06_models/{name}/challenger.onnx"
        digest = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        model = Model.load(path, Version(name, "1", "run", digest))
        return Service(create_app(Config(), model=model).test_client())

    return make


def drop_lines(body: bytes, rows: set[int]) -> bytes:
    """Return CSV without some rows, which are counted from 1."""
    lines = BytesIO(body).readlines()
    return b"".join(
        line for number, line in enumerate(lines) if number not in rows or not number
    )


@pytest.fixture
def without() -> Callable[[bytes, set[int]], bytes]:
    return drop_lines
