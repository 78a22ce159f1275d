"""The sections of the parameters, and a check of their names before a run."""

from difflib import get_close_matches
from typing import Any

from pydantic import Field

from iris_kedro.errors import ProjectError
from iris_kedro.specification.base import Parameters, check_known
from iris_kedro.specification.candidates import Candidates
from iris_kedro.specification.data.dataset import Card, Dataset
from iris_kedro.specification.operation.batch_inference import BatchInference
from iris_kedro.specification.operation.canary import Canary, Strategy
from iris_kedro.specification.operation.cluster import Cluster
from iris_kedro.specification.operation.gate import Gate
from iris_kedro.specification.operation.monitoring import Monitoring
from iris_kedro.specification.operation.watcher import Watcher
from iris_kedro.specification.training import Export, LabelledRows, Split, Training

REPLACED = "; in conf/<env>/globals.yml, dataset replaces that of conf/base as a whole"
SIMILAR = 0.8  # the name of a section with this similarity is a misspelling


class DataEngineering(Parameters):
    """Parameters of the data_engineering pipeline.

    Attributes:
        source: Location of the raw data; see ``dataset.source``.
        split: How rows are assigned to training and held-out data.
        labelled_rows: Whether labelled predictions are added to the rows of the source.
    """

    source: str
    split: Split
    labelled_rows: LabelledRows = Field(default_factory=LabelledRows)


class DataScience(Parameters):
    """Parameters of the data_science pipeline.

    Attributes:
        training: How candidates are searched and cross-validated.
        candidates: Candidates to compare, by name; the simplest first.
        export: How closely an ONNX model must agree with its original.
        force: Whether to train even if nothing has changed.
    """

    training: Training
    candidates: Candidates
    export: Export
    force: bool = False


class ModelRelease(Parameters):
    """Parameters of the model_release pipeline.

    Attributes:
        gate: What a challenger must show before it may replace Production.
        strategy: Whether a challenger that passes the gate becomes Production at once
            or is a canary first.
        canary: Rules for raising the share of a canary, promoting it or stopping it.
    """

    gate: Gate
    strategy: Strategy
    canary: Canary


SECTIONS: dict[str, type[Parameters]] = {
    "dataset": Dataset,
    "card": Card,
    "cluster": Cluster,
    "data_engineering": DataEngineering,
    "data_science": DataScience,
    "model_release": ModelRelease,
    "monitoring": Monitoring,
    "batch_inference": BatchInference,
    "watcher": Watcher,
}


def check_names(parameters: dict[str, Any]) -> None:
    """Check the names of sections and of the parameters in them.

    Kedro checks what nodes read; this also finds unknown and missing parameters.
    Sections of additional pipelines are ignored.

    Raises:
        ProjectError: Names the unknown or missing parameter, and the known ones.
    """
    try:
        _check_sections(parameters)
        sections = {name: parameters.get(name, {}) for name in SECTIONS}
        for name, section in sections.items():
            if isinstance(section, dict):
                check_known(section, list(SECTIONS[name].model_fields), name)
        for name, section in sections.items():
            if not isinstance(section, SECTIONS[name]):  # Kedro has not built it
                _check_complete(section, name)
    except ValueError as error:
        raise ProjectError(str(error)) from error


def _check_sections(parameters: dict[str, Any]) -> None:
    for name in parameters.keys() - SECTIONS.keys():
        for nearest in get_close_matches(name, SECTIONS, n=1, cutoff=SIMILAR):
            raise ValueError(
                f"The section {name!r} looks like a misspelled {nearest!r}; if it"
                " belongs to another pipeline, give it a less similar name"
            )


def _check_complete(section: Any, name: str) -> None:
    if not isinstance(section, dict):
        raise ValueError(f"{name} must contain parameters, but it is {section!r}")
    hint = REPLACED if name == "dataset" else ""
    for field, information in SECTIONS[name].model_fields.items():
        if information.is_required() and field not in section:
            raise ValueError(f"the parameter {name}.{field} is missing{hint}")
