"""Types of the parameters in conf/base/parameters*.yml.

Kedro builds these models from the YAML before any node runs: unknown keys, wrong
types and impossible values stop the run with the name of the parameter.
"""

import importlib
import inspect
import warnings
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    field_validator,
    model_validator,
)
from scipy import stats
from sklearn.base import BaseEstimator, is_classifier
from sklearn.model_selection import ParameterGrid, ParameterSampler

from iris_kedro.errors import ProjectError

# As columns of files are spelt when they are read: single underscores, within the name.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]

SIMILAR = 0.8  # a section's name that is this close to one of ours is misspelt
EXAMPLES = 20  # drawn of distributions, to check them before any training


class Parameters(BaseModel):
    """Base of the parameter models: no unknown keys, immutable, JSON when logged."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, values: Any) -> Any:
        if isinstance(values, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            check_known(values, known, cls.__name__)
        return values

    def __str__(self) -> str:
        """Return JSON, because MLflow logs parameters with ``str``."""
        return self.model_dump_json(by_alias=True)


class Feature(Parameters):
    """What one input column means and which values it can have at all."""

    description: str
    unit: str = ""
    minimum: FiniteFloat
    maximum: FiniteFloat

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        if self.minimum >= self.maximum:
            raise ValueError(
                f"minimum {self.minimum} must be below maximum {self.maximum}"
            )
        return self


class Target(Parameters):
    """The column to predict and its classes."""

    name: Name
    description: str = ""
    classes: Annotated[list[str], Field(min_length=2)]
    positive: str | None = None

    @model_validator(mode="after")
    def _check_positive(self) -> Self:
        if self.positive is not None and self.positive not in self.classes:
            raise ValueError(
                f"positive is {self.positive!r}, which is not one of {self.classes}"
            )
        return self

    @field_validator("classes")
    @classmethod
    def _check_unique(cls, classes: list[str]) -> list[str]:
        if len(set(classes)) < len(classes):
            raise ValueError(f"a class is named twice in {classes}")
        return classes


class Dataset(Parameters):
    """The feature specification, from which validation, contract and API follow."""

    # In lower case: it names folders, and some file systems ignore case.
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    source: str
    target: Target
    features: Annotated[dict[Name, Feature], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_target(self) -> Self:
        if self.target.name in self.features:
            raise ValueError(
                f"the target {self.target.name!r} is also a feature; a model would be"
                " told what it is to predict"
            )
        return self

    @property
    def columns(self) -> list[str]:
        """Names of the feature columns, in the order of the model's input."""
        return list(self.features)


class Card(Parameters):
    """What a model card says that no computation can find out."""

    purpose: str = ""
    users: list[str] = []
    misuses: list[str] = []
    data: str = ""
    ethics: list[str] = []
    caveats: list[str] = []


class Split(Parameters):
    """How rows are assigned to training and held-out data."""

    test_share: Share
    salt: str
    minimum_rows_per_class: Count


class Training(Parameters):
    """How candidates are searched and cross-validated, with scikit-learn's names."""

    scoring: Literal[
        "neg_log_loss",
        "accuracy",
        "balanced_accuracy",
        "roc_auc",
        "average_precision",
        "f1",
    ]
    folds: Annotated[int, Field(ge=2)]
    repeats: Count
    random_state: Seed
    n_jobs: Count


class Search(Parameters):
    """How the parameters of a candidate are searched.

    ``grid`` tries all combinations, ``random`` draws ``iterations`` of them,
    ``halving`` starts with ``iterations`` on few rows and goes on with the best.
    """

    method: Literal["grid", "random", "halving"] = "grid"
    iterations: Count = 20


class Export(Parameters):
    """How closely an ONNX model must agree with its scikit-learn original."""

    tolerance: Share
    random_rows: Count
    golden_rows: Count
    random_state: Seed


class Gate(Parameters):
    """What a challenger must show before it may replace Production."""

    minimum_accuracy: Share
    minimum_recall: Share
    maximum_calibration_error: Share
    latency_budget_ms: Annotated[float, Field(gt=0)]
    non_inferiority_margin: Annotated[float, Field(gt=0)]
    accept_incompatible: bool = False
    confidence: Share
    resamples: Annotated[int, Field(ge=200)]
    random_state: Seed


class Estimator(Parameters):
    """A scikit-learn estimator class with its parameters.

    A parameter whose value is a mapping with the key ``class`` is an estimator
    itself, as in ``CalibratedClassifierCV(estimator=SVC())``; lists may hold some, as
    the steps of a pipeline do.
    """

    class_path: Annotated[str, Field(alias="class")]
    parameters: dict[str, Any] = {}

    @model_validator(mode="after")
    def _check_parameters(self) -> Self:
        known = list(inspect.signature(self.load_class()).parameters)
        check_known(self.parameters, known, self.class_path)
        check_values(self.build())
        return self

    def load_class(self) -> type:
        """Import the estimator class.

        Raises:
            ValueError: If there is no such class.
        """
        module_name, _, class_name = self.class_path.rpartition(".")
        try:
            found = getattr(importlib.import_module(module_name), class_name)
        except (ImportError, AttributeError, TypeError, ValueError) as error:
            raise ValueError(
                f"there is no class {self.class_path!r} ({error});"
                " give a full path such as sklearn.linear_model.LogisticRegression"
            ) from error
        if not (inspect.isclass(found) and hasattr(found, "get_params")):
            raise ValueError(f"{self.class_path!r} is not a scikit-learn estimator")
        return found

    def build(self) -> Any:
        """Create the estimator, nested estimators included.

        Raises:
            ValueError: If a parameter that has no default is missing.
        """
        values = {name: _build(value) for name, value in self.parameters.items()}
        try:
            return self.load_class()(**values)
        except TypeError as error:
            raise ValueError(f"{self.class_path} cannot be created: {error}") from error


class Distribution(Parameters):
    """A distribution of scipy.stats with its parameters, such as loguniform(a, b)."""

    model_config = ConfigDict(extra="allow", frozen=True)

    distribution: str

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, values: Any) -> Any:
        return values  # scipy.stats knows the others

    @model_validator(mode="after")
    def _check_distribution(self) -> Self:
        self.build()
        return self

    def build(self) -> Any:
        """Create the frozen distribution.

        Raises:
            ValueError: If there is no such distribution, or its parameters are wrong.
        """
        family = getattr(stats, self.distribution, None)
        if not isinstance(family, stats.rv_continuous | stats.rv_discrete):
            raise ValueError(
                f"scipy.stats has no distribution {self.distribution!r}; usual ones are"
                " loguniform (a, b), uniform (loc, scale) and randint (low, high)"
            )
        values = self.model_extra or {}
        try:
            frozen = family(**values)
            frozen.rvs(random_state=0)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.distribution} with {values}: {error}") from error
        return frozen


class Candidate(Estimator):
    """An estimator with the parameters to search: values to try, or distributions.

    ``scale`` puts a StandardScaler before it.
    """

    scale: bool = False
    search: Search = Field(default_factory=Search)
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = {}
    distributions: dict[str, Distribution] = {}

    def space(self) -> dict[str, Any]:
        """Return what is searched: lists of values and distributions, by parameter."""
        drawn = {name: each.build() for name, each in self.distributions.items()}
        return {**self.grid, **drawn}

    def _examples(self) -> list[dict[str, Any]]:
        """Return combinations of parameters to check before any training."""
        if self.search.method == "grid":
            return list(ParameterGrid(self.grid))
        with warnings.catch_warnings():  # that there are fewer combinations
            warnings.simplefilter("ignore", UserWarning)
            return list(ParameterSampler(self.space(), EXAMPLES, random_state=0))

    @model_validator(mode="after")
    def _check_candidate(self) -> Self:
        if not hasattr(self.load_class(), "fit"):
            raise ValueError(f"{self.class_path} cannot be fitted")
        if self.distributions and self.search.method == "grid":
            raise ValueError(
                "distributions cannot be searched as a grid: set search.method to"
                " random or halving"
            )
        if self.search.method != "grid" and not self.space():
            raise ValueError(f"there is nothing to search by {self.search.method}")
        check_known(self.space(), list(self.build().get_params()), self.class_path)
        for combination in self._examples():
            estimator = self.build().set_params(**combination)
            check_values(estimator)
            if not (is_classifier(estimator) and hasattr(estimator, "predict_proba")):
                raise ValueError(
                    f"{self.class_path} is no classifier with probabilities; wrap one"
                    " that has none in sklearn.calibration.CalibratedClassifierCV"
                )
        return self


Candidates = Annotated[dict[Name, Candidate], Field(min_length=1)]


class DataEngineering(Parameters):
    """Parameters of the data_engineering pipeline."""

    source: str
    split: Split


class DataScience(Parameters):
    """Parameters of the data_science pipeline."""

    training: Training
    candidates: Candidates
    export: Export
    force: bool = False


class ModelRelease(Parameters):
    """Parameters of the model_release pipeline."""

    gate: Gate


SECTIONS: dict[str, type[Parameters]] = {
    "dataset": Dataset,
    "card": Card,
    "data_engineering": DataEngineering,
    "data_science": DataScience,
    "model_release": ModelRelease,
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


def _check_sections(parameters: dict[str, Any]) -> None:
    for name in parameters.keys() - SECTIONS.keys():
        for nearest in get_close_matches(name, SECTIONS, n=1, cutoff=SIMILAR):
            raise ValueError(
                f"The section {name!r} looks like a misspelt {nearest!r}; if it belongs"
                " to another pipeline, give it a name that is less similar"
            )


def _check_complete(section: Any, name: str) -> None:
    if not isinstance(section, dict):
        raise ValueError(f"{name} must hold parameters, but it is {section!r}")
    for field, information in SECTIONS[name].model_fields.items():
        if information.is_required() and field not in section:
            hint = (
                "; in conf/<env>/globals.yml, dataset replaces that of conf/base as a"
                " whole"
            )
            raise ValueError(
                f"{name} lacks the parameter {field!r}"
                f"{hint if name == 'dataset' else ''}"
            )


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
    checked = catalog["raw@pandas"]["validator"]["options"]["dataset"]
    if Dataset.model_validate(parameters["dataset"]) != Dataset.model_validate(checked):
        raise ProjectError(
            "the parameter dataset differs from globals.yml, which raw files are"
            " checked with: change it there"
        )


def _build(value: Any) -> Any:
    if isinstance(value, dict) and "class" in value:
        return Estimator.model_validate(value).build()
    if isinstance(value, list):
        return [_build(each) for each in value]
    return value


def check_values(estimator: Any) -> None:
    """Check parameter values as scikit-learn will at ``fit``, but before any training.

    Raises:
        ValueError: Names the parameter, its value and what is allowed.
    """
    for part in [estimator, *estimator.get_params().values()]:
        # Estimators of other packages often declare no constraints.
        if isinstance(part, BaseEstimator) and hasattr(part, "_parameter_constraints"):
            part._validate_params()


def check_known(given: dict[str, Any], known: list[str], owner: str) -> None:
    """Check that the given parameter names are known.

    Raises:
        ValueError: Names the first unknown parameter and what there is.
    """
    for name in given:
        if name not in known:
            nearest = get_close_matches(str(name), known, n=1)
            hint = f"did you mean {nearest[0]!r}? " if nearest else ""
            raise ValueError(
                f"{owner} has no parameter {name!r}; {hint}"
                f"It has {', '.join(sorted(known))}"
            )
