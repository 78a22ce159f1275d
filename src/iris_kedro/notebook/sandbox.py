"""A copy of the project that a notebook may change freely."""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from IPython.core.getipython import get_ipython
from kedro.framework.project import LOGGING

from iris_kedro.configuration import PROJECT
from iris_kedro.errors import ProjectError

COPIED = ["conf", "src", "serving", "pyproject.toml", "requirements.lock", ".telemetry"]
MARK = ".sandbox"
CANDIDATES = Path("conf/base/parameters_data_science.yml")


def open_sandbox() -> None:
    """Copy the project into a temporary folder, go there and start Kedro.

    Data, runs and models of this notebook stay in that folder, which is deleted with
    the kernel. ``catalog``, ``context``, ``pipelines`` and ``session`` are those of
    the copy, in the environment that ``KEDRO_ENV`` names.
    """
    shell = get_ipython()
    folder = tempfile.TemporaryDirectory(prefix="notebook-")
    atexit.register(folder.cleanup)
    sandbox = copy_project(Path(folder.name))
    os.chdir(sandbox)
    os.environ["MLFLOW_LOGGING_LEVEL"] = "WARNING"  # do not log each new table
    # Otherwise models and predictions would be stored where these variables point.
    for name in ("MLFLOW_TRACKING_URI", "IRIS_DATABASE_URL"):
        os.environ.pop(name, None)
    LOGGING.configure(yaml.safe_load(Path("conf/logging.yml").read_text()))
    # Kedro loads the package again, from the copy.
    sys.path[:] = [entry for entry in sys.path if Path(entry).name != "src"]
    if shell.extension_manager.load_extension("kedro.ipython") == "already loaded":
        shell.run_line_magic("reload_kedro", str(sandbox))
    source = shell.user_ns["context"].params["data_engineering"]["source"]
    copy_source(source, sandbox)
    shell.run_line_magic("matplotlib", "inline")


def copy_project(folder: Path) -> Path:
    """Copy what runs need, without data and personal settings; return the folder."""
    for name in COPIED:
        source = PROJECT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "local")
            shutil.copytree(source, folder / name, ignore=ignored)
        elif source.exists():
            shutil.copy(source, folder / name)
    (folder / MARK).touch()
    (folder / "data").mkdir()
    # Do not use a tracking server, whatever the project's own configuration says.
    for environment in {"local", os.environ.get("KEDRO_ENV", "local")}:
        place = folder / "conf" / environment
        place.mkdir(exist_ok=True)
        (place / "mlflow.yml").write_text(
            f"server:\n  mlflow_tracking_uri: sqlite:///{folder}/mlflow.db\n"
        )
    return folder


def copy_source(source: str, folder: Path) -> None:
    """Copy the source of the data, if it is a file in the project.

    URLs, queries and paths outside the project are not copied.
    """
    project = PROJECT.resolve()
    file = Path(os.path.normpath(project / source))
    # Unlike Path.is_file, this accepts a query of any length.
    if not (file.is_relative_to(project) and os.path.isfile(file)):
        return
    target = folder / file.relative_to(project)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file, target)


def set_candidates(**candidates: dict[str, Any]) -> None:
    """Write other candidates into the sandbox's YAML, in place of those there.

    Raises:
        ProjectError: If this is not a sandbox but somebody's project.
    """
    if not Path(MARK).exists():
        raise ProjectError(f"{Path.cwd()} is not a sandbox: call open_sandbox() first")
    content = yaml.safe_load(CANDIDATES.read_text())
    content["data_science"]["candidates"] = candidates
    CANDIDATES.write_text(yaml.safe_dump(content, sort_keys=False))
