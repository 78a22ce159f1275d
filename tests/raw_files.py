"""The service of a project, and raw files that it and scikit-learn predict."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import requests
import yaml
from flask.testing import FlaskClient
from kedro_datasets.pickle import PickleDataset

from iris_kedro.model.candidates import ExportedCandidate
from iris_kedro.model.inputs import arrange
from iris_kedro.notebook.service import Service
from iris_kedro.specification import Dataset
from iris_kedro.tables.reading import build_load_args, find_columns
from iris_kedro.tables.validation import RawFileValidator
from serving import create_app
from serving.config import Config
from serving.model.store import CURRENT, Store
from serving.registry.follower import create_sync
from tests.fixtures.projects import ROOT, Project


@contextmanager
def serve(project: Project) -> Iterator[Service]:
    """Start the service in a copy of the project, which lacks its code."""
    shutil.copytree(ROOT / "serving", project.path / "serving")
    service = Service(project.path)
    try:
        yield service
    finally:
        service.stop()


@contextmanager
def open_client(project: Project) -> Iterator[FlaskClient]:
    """Load the released model as the service does, but in this process."""
    uri = f"sqlite:///{project.path}/mlflow.db"
    config = Config(store=project.path / "store", tracking_uri=uri)
    store = Store(config.store)
    create_sync(store, config).poll()
    pointer = store.read_pointer(CURRENT)
    assert pointer, store.read_report()
    app = create_app(config, store.load(pointer))
    try:
        yield app.test_client()
    finally:
        app.extensions["serving"].stop()


def load_best(project: Path, name: str) -> ExportedCandidate:
    """Return the best candidate of the last training."""
    file = project / f"data/06_models/{name}/best.pickle"
    return PickleDataset(filepath=str(file)).load()


def post_source(service: Service, body: bytes) -> dict[str, Any]:
    """Post a file as it is; return the answer."""
    answer = requests.post(
        f"{service.url}/predict/batch?layout=source",
        data=body,
        headers={"Content-Type": "text/csv"},
        timeout=10,
    )
    return answer.json()


def predict_source(project: Path, name: str, environment: str) -> np.ndarray:
    """Return the probabilities of scikit-learn for the rows that training read."""
    text = (project / f"conf/{environment}/globals.yml").read_text()
    dataset = Dataset.model_validate(yaml.safe_load(text)["dataset"])
    body = (project / f"data/01_raw/{name}/raw.csv").read_bytes()
    raw = pd.read_csv(BytesIO(body), **build_load_args(dataset.load_args))
    rows = RawFileValidator("raw.csv", dataset.model_dump()).validate(raw)
    headers = {
        columns[0]: name for name, columns in find_columns(rows, dataset).items()
    }
    named = rows[list(headers)].rename(columns=headers)
    named = named.dropna(how="all")  # blank lines are no rows
    inputs = arrange(named[dataset.columns], dataset.features)
    return load_best(project, name).trained.model.predict_proba(inputs)
