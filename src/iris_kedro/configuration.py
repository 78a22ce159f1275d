"""The parts of the active configuration that pipelines and the catalog need.

Kedro builds pipelines before it reads parameters, and its catalog does not know the
environment. Within a session, a hook sets the active configuration (environment and
``--params``); without one, as in ``kedro registry list``, it is read here.
"""

import os
from pathlib import Path
from typing import Annotated, Any

from kedro.config import AbstractConfigLoader
from kedro.framework.project import pipelines, settings
from kedro.utils import find_kedro_project
from pydantic import Field, TypeAdapter, ValidationError

from iris_kedro.errors import ProjectError
from iris_kedro.specification import Dataset, Name

PROJECT = Path(__file__).parents[2]
PIPELINES = "iris_kedro.pipeline_registry"
SECTION = "data_science"
DEFAULT_ENVIRONMENTS = ("base_env", "default_run_env")
NAMES = TypeAdapter(Annotated[dict[Name, Any], Field(min_length=1)])

_names: list[str] | None = None
_environment: str | None = None


def list_candidates() -> list[str]:
    """Return the names of the candidates, in the order of the configuration."""
    if _names is not None:
        return _names
    return _read(load_configuration())


def find_project() -> Path:
    """Return the project's folder, from any folder below it."""
    return Path(find_kedro_project(Path.cwd()) or PROJECT)


def load_configuration() -> AbstractConfigLoader:
    """Return the project's configuration, without a session."""
    loader: AbstractConfigLoader = settings.CONFIG_LOADER_CLASS(
        conf_source=str(find_project() / settings.CONF_SOURCE),
        env=os.environ.get("KEDRO_ENV"),
        **settings.CONFIG_LOADER_ARGS,
    )
    return loader


def name_model(parameters: dict[str, Any]) -> str:
    """Return the name of the registered model: that of the dataset.

    Args:
        parameters: As the configuration has them. Kedro's context imports all
            pipelines to validate them, which takes two seconds.

    Raises:
        ProjectError: If the specification of the dataset is missing or invalid.
    """
    if "dataset" not in parameters:
        raise ProjectError("the parameters have no section dataset: see globals.yml")
    try:
        return Dataset.model_validate(parameters["dataset"]).name
    except ValidationError as error:
        first = error.errors()[0]
        place = ["dataset", *map(str, first["loc"])]
        if place[1:2] == ["features"]:
            del place[3:4]  # the feature's type, which selects pydantic's model
        reason = first["msg"].removeprefix("Value error, ")
        raise ProjectError(
            f"{'.'.join(place)} in globals.yml is invalid: {reason}"
        ) from error


def name_data_folder(dataset: str) -> str:
    """Return the name of the folder for a dataset's files in this environment.

    The environment is omitted if it has the name of the dataset.
    """
    defaults = {settings.CONFIG_LOADER_ARGS[key] for key in DEFAULT_ENVIRONMENTS}
    if _environment is None or _environment in {*defaults, dataset}:
        return dataset
    return f"{dataset}@{_environment}"


def read_variable(name: str, default: str) -> str:
    """Return an environment variable, or the default if it is not set or empty.

    Some deployments cannot omit a variable, only leave it empty.
    """
    return os.environ.get(name) or default


def use_configuration(loader: AbstractConfigLoader) -> None:
    """Use a session's configuration in pipelines and catalog.

    Raises:
        ProjectError: If there are no candidates, or one has an invalid name.
    """
    # Global, because Kedro's own pipelines, which depend on it, are global.
    global _names, _environment  # noqa: PLW0603
    _environment = loader.env
    given = loader.runtime_params or {}
    # Runtime parameters that override values from globals.yml would also change the
    # catalog.
    loader.runtime_params = {SECTION: given[SECTION]} if SECTION in given else {}
    try:
        names = _read(loader)
    finally:
        loader.runtime_params = given
    if names != _names:
        _names = names
        pipelines.configure(PIPELINES)


def _read(loader: AbstractConfigLoader) -> list[str]:
    section: Any = loader["parameters"].get(SECTION)
    candidates = section.get("candidates") if isinstance(section, dict) else None
    if isinstance(candidates, dict):  # null removes a candidate
        candidates = {
            name: each for name, each in candidates.items() if each is not None
        }
    try:
        return list(NAMES.validate_python(candidates))
    except ValidationError as error:
        raise ProjectError(f"{SECTION}.candidates: {error}") from error
