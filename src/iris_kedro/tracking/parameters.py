"""Parameters as MLflow shows them: flat, comparable and without prose."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import mlflow
from pydantic import BaseModel

from iris_kedro.specification import Candidate
from iris_kedro.tracking.names import name_entity, shorten_value

# The model card and the contract hold these; as parameters they would hide the rest.
OMITTED = ("card.", "dataset.features.", "dataset.target.description")


class LoggedParameters:
    """The parameters of the active run, each of which is logged once.

    Nodes that run in parallel share parameters, and MLflow refuses the second of two
    threads that log one at the same moment.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._lock = threading.Lock()

    def log(self, values: Mapping[str, Any]) -> None:
        """Log the parameters that are new."""
        with self._lock:
            new = {
                name: value
                for name, value in values.items()
                if name not in self._names and not name.startswith(OMITTED)
            }
            if new:
                mlflow.log_params(
                    {name_entity(name): shorten_value(new[name]) for name in new}
                )
                self._names |= new.keys()


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each value that is not a mapping, its keys joined by dots."""
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, BaseModel):
            yield from flatten(value.model_dump(mode="json", by_alias=True), f"{name}.")
        elif isinstance(value, dict):
            yield from flatten(value, f"{name}.")
        else:
            yield name, value


def list_fitted_parameters(
    candidate: Candidate, best: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Yield the parameters that a candidate was fitted with.

    Each has one name, that of scikit-learn, whether it was fixed or searched.
    """
    yield "class", candidate.class_path
    yield from candidate.model_dump(include={"scale", "impute", "encode"}).items()
    yield from (dict(_spell(candidate.parameters)) | dict(best)).items()


def _spell(
    parameters: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield nested estimators' parameters as ``name__parameter``."""
    for name, value in parameters.items():
        parts = {name: value}
        if isinstance(value, list) and all(map(_is_named_estimator, value)):
            parts = dict(value)  # the steps of a pipeline, the estimators of a vote
        for part, given in parts.items():
            if _is_estimator(given):
                yield f"{prefix}{part}", given["class"]
                yield from _spell(given.get("parameters", {}), f"{prefix}{part}__")
            else:
                yield f"{prefix}{part}", given


def _is_estimator(value: Any) -> bool:
    return isinstance(value, dict) and "class" in value


def _is_named_estimator(value: Any) -> bool:
    match value:
        case [str(), part]:
            return part == "passthrough" or _is_estimator(part)
    return False
