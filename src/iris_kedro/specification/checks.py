"""Checks before a run that involve several sections of the parameters."""

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import ValidationError

from iris_kedro.errors import ProjectError
from iris_kedro.specification.base import Parameters
from iris_kedro.specification.candidates import Candidate
from iris_kedro.specification.data.dataset import Dataset
from iris_kedro.specification.operation.canary import Strategy
from iris_kedro.specification.operation.cluster import Cluster
from iris_kedro.specification.operation.watcher import Watcher
from iris_kedro.specification.training import LabelledRows, Training

TWO = 2  # classes
AnyParameters = TypeVar("AnyParameters", bound=Parameters)


def check_agreement(parameters: dict[str, Any], catalog: dict[str, Any]) -> None:
    """Check that the catalog agrees with the parameters.

    A catalog cannot read parameters: it takes the source and the specification from
    ``globals.yml``, and the source also from the command line.

    Raises:
        ProjectError: Names the parameter that would have no effect.
    """
    source = parameters["data_engineering"]["source"]
    if catalog["source_file"]["location"] != source:
        raise ProjectError(
            f"data_engineering.source is {source!r}, but the catalog reads"
            f" {catalog['source_file']['location']!r}: set dataset.source in"
            f" globals.yml, or use --params data_engineering.source={source}"
        )
    _check_labelled(parameters["data_engineering"], catalog["labelled_source"])
    checked = catalog["raw@pandas"]["validator"]["options"]["dataset"]
    if Dataset.model_validate(parameters["dataset"]) != Dataset.model_validate(checked):
        raise ProjectError(
            "the parameter dataset differs from globals.yml, which validates raw files:"
            " change it there"
        )


def check_served_model(parameters: dict[str, Any], served: str) -> None:
    """Check that the service serves the model that training registers.

    Args:
        parameters: All parameters; the model is named after the dataset.
        served: The service's ``IRIS_MODEL_NAME``; empty if it is unknown.

    Raises:
        ProjectError: If the names differ.
    """
    dataset = Dataset.model_validate(parameters["dataset"]).name
    if served and served != dataset:
        raise ProjectError(
            f"IRIS_MODEL_NAME is {served!r}, but the dataset is {dataset!r}: the"
            " service would wait for another model. Choose the environment (--env,"
            f" KEDRO_ENV) of {served!r}, or set the variable to {dataset!r}"
        )


def _check_labelled(section: dict[str, Any], read: dict[str, Any]) -> None:
    labelled = LabelledRows.model_validate(section.get("labelled_rows", {}))
    for name, value in labelled.model_dump().items():
        if read[name] != value:
            path = f"data_engineering.labelled_rows.{name}"
            raise ProjectError(
                f"{path} is {value!r}, but the catalog reads {read[name]!r}: set"
                f" labelled_rows.{name} in globals.yml, or use --params {path}={value}"
            )


def check_decision(parameters: dict[str, Any]) -> None:
    """Check that the target supports the threshold of the training.

    Raises:
        ProjectError: If the target has several classes, no positive class, or costs.
    """
    training = Training.model_validate(parameters["data_science"]["training"])
    target = Dataset.model_validate(parameters["dataset"]).target
    if training.threshold is None:
        return
    threshold = f"data_science.training.threshold is {training.threshold}, but"
    if len(target.classes) > TWO:
        raise ProjectError(
            f"{threshold} {target.name} has {len(target.classes)} classes, and a"
            " threshold needs two. Set dataset.target.costs instead"
        )
    if target.positive is None:
        raise ProjectError(
            f"{threshold} no class is positive: set"
            f" dataset.target.positive to one of {', '.join(map(repr, target.classes))}"
        )
    if target.costs:
        raise ProjectError(
            f"{threshold} dataset.target.costs already decide: remove one of them"
        )


def check_strategy(parameters: dict[str, Any]) -> None:
    """Check the release strategy before a run.

    Raises:
        ProjectError: Names the valid strategies.
    """
    strategy = parameters["model_release"]["strategy"]
    if strategy not in get_args(Strategy):
        raise ProjectError(
            f"model_release.strategy is {strategy!r}; it must be one of"
            f" {', '.join(get_args(Strategy))}"
        )


def check_searches(parameters: dict[str, Any]) -> None:
    """Check before a run that no search mixes groups or times.

    Halving samples single rows. Candidates are checked as they are written, because
    building them would import their libraries, also for a run without training.

    Raises:
        ProjectError: Names the first candidate with halving, and what to set.
    """
    split = Dataset.model_validate(parameters["dataset"]).split
    if split.method == "hash":
        return
    for name, candidate in parameters["data_science"]["candidates"].items():
        if _find_search_method(candidate) == "halving":
            raise ProjectError(
                f"data_science.candidates.{name}.search.method is halving, which cannot"
                f" split rows by {split.method}, as dataset.split requires: set it to"
                " random"
            )


def check_watcher(parameters: dict[str, Any]) -> Watcher:
    """Check and return the watcher's parameters, which no node reads.

    Raises:
        ProjectError: Names each invalid parameter, and what is expected.
    """
    return _check_section(parameters, "watcher", Watcher)


def check_cluster(parameters: dict[str, Any]) -> Cluster:
    """Check and return the parameters of the cluster, which no node reads.

    Raises:
        ProjectError: Names each invalid parameter, and what is expected.
    """
    return _check_section(parameters, "cluster", Cluster)


def _check_section(
    parameters: dict[str, Any], name: str, kind: type[AnyParameters]
) -> AnyParameters:
    try:
        return kind.model_validate(parameters.get(name, {}))
    except ValidationError as error:
        problems = (
            f"{'.'.join((name, *map(str, each['loc'])))}: "
            + each["msg"].removeprefix("Value error, ")
            for each in error.errors()
        )
        raise ProjectError("; ".join(problems)) from error


def _find_search_method(candidate: Any) -> Any:
    if isinstance(candidate, Candidate):
        return candidate.search.method
    search = candidate.get("search") if isinstance(candidate, Mapping) else None
    return search.get("method") if isinstance(search, Mapping) else None
