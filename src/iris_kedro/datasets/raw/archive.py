"""Archives raw data beside the models that were trained on it."""

import hashlib
import json
import tempfile
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import mlflow
from kedro.io import AbstractDataset
from kedro_datasets.json import JSONDataset
from mlflow.entities import Dataset, DatasetInput, InputTag, Run
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT
from mlflow.utils.uri import append_to_uri_path, is_local_uri
from mlflow.utils.validation import MAX_DATASET_DIGEST_SIZE

from iris_kedro.model.provenance import RawData, RawFile

RAW_DATA = "raw_data"  # the tag of runs and versions
LABELLED_ROWS = "labelled_rows"  # the tag, and the name among a run's inputs
FOLDER = "raw"  # below the experiment's artifact location


class RawArchiveDataset(AbstractDataset[RawFile, RawData]):
    """Raw files at the artifact location of the run's experiment, each one once.

    A file is named after the digest of its content, and logged as an input of the run,
    as are the labelled rows, if any.

    Args:
        filepath: JSON file that describes what was archived last.
        path: Folder to which local addresses are relative, so that they stay valid when
            it is moved; Kedro makes it absolute.
        metadata: For plugins.
    """

    def __init__(
        self, filepath: str, path: str, metadata: dict[str, Any] | None = None
    ) -> None:
        self._record = JSONDataset(filepath=filepath, save_args={"indent": 2})
        self._path = path
        self.metadata = metadata

    def save(self, data: RawFile) -> None:
        """Archive the file if it is not there yet, and log it to the run."""
        run = mlflow.active_run() or mlflow.start_run()
        digest, address = self._keep(run, data.content, ".csv")
        raw = RawData(address, digest, data.source)
        _log(run, FOLDER, raw, RAW_DATA)
        if data.labelled is not None:
            digest, address = self._keep(run, data.labelled, ".jsonl")
            raw = replace(raw, labelled=address)
            rows = RawData(address, digest, LABELLED_ROWS)
            _log(run, LABELLED_ROWS, rows, LABELLED_ROWS)
        self._record.save(asdict(raw))

    def load(self) -> RawData:
        """Return what was archived last."""
        return RawData(**self._record.load())

    def _keep(self, run: Run, content: bytes, suffix: str) -> tuple[str, str]:
        """Archive a file; return its digest and its address."""
        digest = hashlib.sha256(content).hexdigest()
        experiment = mlflow.get_experiment(run.info.experiment_id)
        folder = append_to_uri_path(experiment.artifact_location, FOLDER)
        _upload(folder, f"{digest}{suffix}", content)
        return digest, self._shorten(append_to_uri_path(folder, f"{digest}{suffix}"))

    def _shorten(self, address: str) -> str:
        if not is_local_uri(address):
            return address
        path = Path(local_file_uri_to_path(address))
        is_inside = path.is_relative_to(self._path)
        return str(path.relative_to(self._path) if is_inside else path)

    def _exists(self) -> bool:
        return bool(self._record.exists())

    def _describe(self) -> dict[str, Any]:
        return dict(self._record._describe())


def _upload(folder: str, name: str, content: bytes) -> None:
    repository = get_artifact_repository(folder)
    # The size detects an incomplete upload.
    if any(
        (each.path, each.file_size) == (name, len(content))
        for each in repository.list_artifacts()
    ):
        return
    with tempfile.TemporaryDirectory() as local:
        file = Path(local, name)
        file.write_bytes(content)
        repository.log_artifact(str(file))


def _log(run: Run, name: str, raw: RawData, tag: str) -> None:
    client = MlflowClient()
    described = Dataset(
        name=name,
        digest=raw.digest[:MAX_DATASET_DIGEST_SIZE],
        source_type=urlsplit(raw.address).scheme or "local",
        source=json.dumps({"uri": raw.address, "from": raw.source}),
    )
    inputs = [DatasetInput(described, [InputTag(MLFLOW_DATASET_CONTEXT, name)])]
    try:
        client.log_inputs(run.info.run_id, inputs)
    except MlflowException:
        # Another run created the dataset at the same time: it exists now.
        client.log_inputs(run.info.run_id, inputs)
    client.set_tag(run.info.run_id, tag, raw.address)
