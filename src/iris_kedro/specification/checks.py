"""Checks of the sections before a run: of their names, and against the catalog."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import Field, ValidationError

from iris_kedro.errors import ProjectError

from .base import Parameters, check_known
from .canary import Canary, Strategy
from .candidates import Candidate, Candidates
from .dataset import Card, Dataset
from .gate import Gate
from .monitoring import Monitoring
from .training import Export, LabelledRows, Split, Training
from .watcher import Watcher

REPLACED = "; in conf/<env>/globals.yml, dataset replaces that of conf/base as a whole"
TWO = 2  # classes
SIMILAR = 0.8  # a section's name that is this close to one of ours is misspelled


class DataEngineering(Parameters):
    """Parameters of the data_engineering pipeline."""

    source: str
    split: Split
    labelled_rows: LabelledRows = Field(default_factory=LabelledRows)


class DataScience(Parameters):
    """Parameters of the data_science pipeline."""

    training: Training
    candidates: Candidates
    export: Export
    force: bool = False


class ModelRelease(Parameters):
    """Parameters of the model_release pipeline."""

    gate: Gate
    strategy: Strategy
    canary: Canary


SECTIONS: dict[str, type[Parameters]] = {
    "dataset": Dataset,
    "card": Card,
    "data_engineering": DataEngineering,
    "data_science": DataScience,
    "model_release": ModelRelease,
    "monitoring": Monitoring,
    "watcher": Watcher,
}


def check_names(parameters: dict[str, Any]) -> None:
    """Check the names of sections and of what is in them.

    Kedro checks what a node reads; this finds what no node reads and what is not
    there to be read. Sections of other pipelines are left to them.

    Raises:
        ProjectError: Names the unknown or missing parameter and what there is.
    """
    try:
        _check_sections(parameters)
        sections = {name: parameters.get(name, {}) for name in SECTIONS}
        for name, section in sections.items():
            if isinstance(section, dict):
                check_known(section, list(SECTIONS[name].model_fields), name)
        for name, section in sections.items():
            if not isinstance(section, SECTIONS[name]):  # or Kedro has built it
                _check_complete(section, name)
    except ValueError as error:
        raise ProjectError(str(error)) from error


def check_agreement(parameters: dict[str, Any], catalog: dict[str, Any]) -> None:
    """Check that the catalog reads what the parameters say.

    A catalog cannot take over parameters; it has the source and the specification
    from ``globals.yml``, the source also from the command line.

    Raises:
        ProjectError: Names the parameter that would be said but not done.
    """
    source = parameters["data_engineering"]["source"]
    if catalog["source_file"]["location"] != source:
        raise ProjectError(
            f"data_engineering.source is {source!r}, but the catalog reads"
            f" {catalog['source_file']['location']!r}: set dataset.source in"
            f" globals.yml, or give --params data_engineering.source={source}"
        )
    _check_labelled(parameters["data_engineering"], catalog["labelled_source"])
    checked = catalog["raw@pandas"]["validator"]["options"]["dataset"]
    if Dataset.model_validate(parameters["dataset"]) != Dataset.model_validate(checked):
        raise ProjectError(
            "the parameter dataset differs from globals.yml, which raw files are"
            " checked with: change it there"
        )


def _check_labelled(section: dict[str, Any], read: dict[str, Any]) -> None:
    labelled = LabelledRows.model_validate(section.get("labelled_rows", {}))
    for name, value in labelled.model_dump().items():
        if read[name] != value:
            path = f"data_engineering.labelled_rows.{name}"
            raise ProjectError(
                f"{path} is {value!r}, but the catalog reads {read[name]!r}: set"
                f" labelled_rows.{name} in globals.yml, or give --params {path}={value}"
            )


def check_decision(parameters: dict[str, Any]) -> None:
    """Check that the target allows the threshold of the training.

    Raises:
        ProjectError: Says what the target lacks for it, or that it has costs.
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
            f"{threshold} nothing says which class it is about: set"
            f" dataset.target.positive to one of {', '.join(target.classes)}"
        )
    if target.costs:
        raise ProjectError(
            f"{threshold} dataset.target.costs decide already: remove one of both"
        )


def check_strategy(parameters: dict[str, Any]) -> None:
    """Check before a run that its challenger can be released as asked.

    Raises:
        ProjectError: Names the strategies that there are.
    """
    strategy = parameters["model_release"]["strategy"]
    if strategy not in get_args(Strategy):
        raise ProjectError(
            f"model_release.strategy is {strategy!r}; it must be one of"
            f" {', '.join(get_args(Strategy))}"
        )


def check_searches(parameters: dict[str, Any]) -> None:
    """Check before a run that each search can keep groups or times apart.

    Halving draws rows of its own, one by one. Candidates are looked at as they are
    written: to build them would import their libraries for a run without training.

    Raises:
        ProjectError: Names the first candidate with the wrong one and what to set.
    """
    split = Dataset.model_validate(parameters["dataset"]).split
    if split.method == "hash":
        return
    for name, candidate in parameters["data_science"]["candidates"].items():
        if _find_search_method(candidate) == "halving":
            raise ProjectError(
                f"data_science.candidates.{name}.search.method is halving, which cannot"
                f" split rows by {split.method}, as dataset.split asks: set it to"
                " random"
            )


def check_watcher(parameters: dict[str, Any]) -> Watcher:
    """Check the watcher's parameters, which no node reads, and return them.

    Raises:
        ProjectError: Names each parameter that is wrong, and what is expected.
    """
    try:
        return Watcher.model_validate(parameters.get("watcher", {}))
    except ValidationError as error:
        problems = (
            f"{'.'.join(('watcher', *map(str, each['loc'])))}: "
            + each["msg"].removeprefix("Value error, ")
            for each in error.errors()
        )
        raise ProjectError("; ".join(problems)) from error


def _find_search_method(candidate: Any) -> Any:
    if isinstance(candidate, Candidate):
        return candidate.search.method
    search = candidate.get("search") if isinstance(candidate, Mapping) else None
    return search.get("method") if isinstance(search, Mapping) else None


def _check_sections(parameters: dict[str, Any]) -> None:
    for name in parameters.keys() - SECTIONS.keys():
        for nearest in get_close_matches(name, SECTIONS, n=1, cutoff=SIMILAR):
            raise ValueError(
                f"The section {name!r} looks like a misspelled {nearest!r}; if it"
                " belongs to another pipeline, give it a less similar name"
            )


def _check_complete(section: Any, name: str) -> None:
    if not isinstance(section, dict):
        raise ValueError(f"{name} must hold parameters, but it is {section!r}")
    hint = REPLACED if name == "dataset" else ""
    for field, information in SECTIONS[name].model_fields.items():
        if information.is_required() and field not in section:
            raise ValueError(f"{name} lacks the parameter {field!r}{hint}")
