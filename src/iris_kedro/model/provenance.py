"""Where a model comes from: data, parameters, code, packages and the MLflow run."""

import hashlib
import importlib
import inspect
import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from iris_kedro.specification import Candidate, Dataset, Export, Split, Training

UNKNOWN = "unknown"
# The code below src/iris_kedro that models depend on; a test compares it with imports.
TRAINING_CODE = (
    "boosting/*.py",
    "derived/*.py",
    "model/binning.py",
    "model/candidates.py",
    "model/contract.py",
    "model/contract_features.py",
    "model/decision.py",
    "model/inputs.py",
    "model/scoring.py",
    "model/source.py",
    "pipelines/data_engineering/*.py",
    "pipelines/data_science/**/*.py",
    "specification/**/*.py",
    "tables/*.py",
)
TRAINING_PACKAGES = (
    "numpy",
    "onnx",
    "onnxruntime",
    "pandas",
    "scikit-learn",
    "scipy",
    "skl2onnx",
)
CONVERTED = {"lightgbm", "xgboost"}  # by onnxmltools
SOURCE, FORCE = "data_engineering.source", "data_science.force"
LABELLED = "data_engineering.labelled_rows"


@dataclass(frozen=True)
class RawFile:
    """The unchanged raw file, and its source.

    ``labelled`` are the labelled rows; None if they are disabled.
    """

    content: bytes
    source: str
    labelled: bytes | None = None


@dataclass(frozen=True)
class RawData:
    """A raw file in the archive.

    Attributes:
        address: Its location in the archive.
        digest: SHA-256 of its content.
        source: Its original location.
        labelled: The location of the labelled rows; empty if they were disabled.
    """

    address: str
    digest: str
    source: str
    labelled: str = ""


@dataclass(frozen=True)
class Provenance:
    """What a model depends on besides data and configuration files.

    ``parameters`` are those passed to the run, by their full names.
    """

    run_id: str
    started_at: str
    git_commit: str
    code_digest: str
    packages: tuple[str, ...]
    env: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Lineage:
    """What a training run depended on; ``fingerprint`` includes parameters."""

    data_digest: str
    provenance: Provenance
    fingerprint: str
    raw: RawData

    @property
    def command(self) -> str:
        """The command that trains the same model again, at the same commit."""
        given = {
            **self.provenance.parameters,
            SOURCE: self.raw.address,
            FORCE: True,  # otherwise a run ends if the version is already registered
        }
        if self.raw.labelled:
            labelled = {"enabled": True, "source": self.raw.labelled}
            given |= {f"{LABELLED}.{name}": each for name, each in labelled.items()}
        env = ["--env", self.provenance.env] if self.provenance.env else []
        values = ",".join(f"{key}={_show(value)}" for key, value in given.items())
        return shlex.join(["kedro", "run", *env, "--params", values])


def compute_fingerprint(
    raw: bytes,
    labelled: bytes,
    dataset: Dataset,
    split: Split,
    training: Training,
    export: Export,
    provenance: Provenance,
    candidates: Iterable[Candidate],
) -> str:
    """Digest everything that a model depends on, before the training.

    Args:
        raw: The raw file.
        labelled: The labelled rows; empty if there are none.
        dataset: The feature specification, whose source is ignored.
        split: Parameters of the split.
        training: Parameters of the training, whose ``n_jobs`` is ignored.
        export: Parameters of the export.
        provenance: Code and packages; the rest is ignored.
        candidates: All candidates, in their order.
    """
    candidates = list(candidates)
    classes = {path for each in candidates for path in each.list_classes()}
    libraries = {name for each in candidates for name in each.list_packages()}
    if libraries & CONVERTED:
        libraries.add("onnxmltools")
    parts = [
        hashlib.sha256(raw).hexdigest(),
        dataset.model_copy(update={"source": ""}),
        split,
        training.model_copy(update={"n_jobs": 1}),
        export,
        provenance.code_digest,
        provenance.packages,
        *candidates,
        *([hashlib.sha256(labelled).hexdigest()] if labelled else []),
        *(_read_version(name) for name in sorted(libraries)),
        *(_digest_source(path) for path in sorted(classes) if not _has_version(path)),
    ]
    text = "\n".join(str(part) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def list_packages() -> tuple[str, ...]:
    """Return the versions of Python and of the packages that models depend on."""
    installed = (f"{name}=={version(name)}" for name in TRAINING_PACKAGES)
    return (f"python=={platform.python_version()}", *installed)


def read_git_commit(project: Path) -> str:
    """Return the commit, with ``+changes`` if there are uncommitted changes."""
    try:
        commit = _git(project, "rev-parse", "HEAD")
        changes = _git(project, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        # The project may be used without git; images set GIT_COMMIT.
        return os.environ.get("GIT_COMMIT") or UNKNOWN
    return f"{commit}+changes" if changes else commit


def digest_files(folder: Path, patterns: Iterable[str]) -> str:
    """Digest the names and contents of the files that match any pattern."""
    digest = hashlib.sha256()
    for path in sorted({path for each in patterns for path in folder.glob(each)}):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def _read_version(module: str) -> str:
    return str(getattr(sys.modules.get(module), "__version__", ""))


def _has_version(path: str) -> bool:
    return bool(_read_version(path.partition(".")[0]))


def _digest_source(path: str) -> str:
    """Digest the file of a class whose package has no version, such as a user's own."""
    module, _, name = path.rpartition(".")
    file = inspect.getsourcefile(getattr(importlib.import_module(module), name))
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""


def _show(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _git(project: Path, *arguments: str) -> str:
    return subprocess.run(  # noqa: S603  (the arguments are fixed)
        ["git", *arguments],  # noqa: S607  (the user's own git)
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
