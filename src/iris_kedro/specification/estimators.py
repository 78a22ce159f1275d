"""scikit-learn's estimators and scipy's distributions in YAML."""

import importlib
import inspect
from collections.abc import Iterator
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, model_validator

from iris_kedro.boosting.parameters import list_parameters
from iris_kedro.specification.base import Parameters, check_known

# Installed by `pip install .[boosting]`: the libraries, and their conversion to ONNX.
BOOSTING = ("lightgbm", "xgboost")
CONVERSION = "onnxmltools"
# Classes that lack something that is needed, and their replacements.
ADAPTERS = dict.fromkeys(
    ("xgboost.XGBClassifier", "xgboost.sklearn.XGBClassifier"),
    "iris_kedro.boosting.text_labels.XGBClassifier",
)


class Estimator(Parameters):
    """A scikit-learn estimator class with its parameters.

    A parameter whose value is a mapping with the key ``class`` is an estimator
    itself, as in ``CalibratedClassifierCV(estimator=SVC())``; lists may hold some, as
    the steps of a pipeline do.

    Attributes:
        class_path: Full path of the class, such as ``sklearn.svm.SVC``.
        parameters: Fixed arguments of the class, by name.
    """

    class_path: Annotated[str, Field(alias="class")]
    parameters: dict[str, Any] = {}

    @model_validator(mode="after")
    def _check_parameters(self) -> Self:
        check_known(self.parameters, self._list_parameters(), self.class_path)
        check_values(self.build())
        return self

    def _list_parameters(self) -> list[str]:
        """Return the parameters of the class, including those in ``**kwargs``."""
        estimator = self.load_class()
        known = inspect.signature(estimator).parameters
        if any(each.kind is each.VAR_KEYWORD for each in known.values()):
            return list_parameters(estimator())  # as in XGBoost and LightGBM
        return list(known)

    def load_class(self) -> type:
        """Import the estimator class.

        Raises:
            ValueError: If the class does not exist.
        """
        path = ADAPTERS.get(self.class_path, self.class_path)
        module_name, _, class_name = path.rpartition(".")
        try:
            if self.class_path.startswith(BOOSTING):
                importlib.import_module(CONVERSION)
            found = getattr(importlib.import_module(module_name), class_name)
        except (
            ImportError,
            AttributeError,
            OSError,  # a shared library that a package needs
            TypeError,
            ValueError,
        ) as error:
            raise ValueError(
                f"class {self.class_path!r} cannot be imported ({error});"
                f" {_advise(error)}"
            ) from error
        if not (inspect.isclass(found) and hasattr(found, "get_params")):
            raise ValueError(f"{self.class_path!r} is not a scikit-learn estimator")
        return found

    def list_packages(self) -> set[str]:
        """Return the packages of its class and of nested estimators."""
        return {name.partition(".")[0] for name in self.list_classes()}

    def list_classes(self) -> set[str]:
        """Return the paths of its class and of the classes of nested estimators."""
        return {self.class_path, *_find_classes(list(self.parameters.values()))}

    def build(self) -> Any:
        """Create the estimator, nested estimators included.

        Raises:
            ValueError: If a required parameter is missing.
        """
        values = {name: _build(value) for name, value in self.parameters.items()}
        try:
            return self.load_class()(**values)
        except TypeError as error:
            raise ValueError(f"{self.class_path} cannot be created: {error}") from error


class Distribution(Parameters):
    """A distribution of scipy.stats with its parameters, such as loguniform(a, b).

    Attributes:
        distribution: Name of the distribution in scipy.stats.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    distribution: str

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, values: Any) -> Any:
        return values  # scipy.stats checks them

    @model_validator(mode="after")
    def _check_distribution(self) -> Self:
        self.build()
        return self

    def build(self) -> Any:
        """Create the frozen distribution.

        Raises:
            ValueError: If the distribution does not exist, or its parameters are
                invalid.
        """
        from scipy import stats

        family = getattr(stats, self.distribution, None)
        if not isinstance(family, stats.rv_continuous | stats.rv_discrete):
            raise ValueError(
                f"scipy.stats has no distribution {self.distribution!r}; common ones"
                " are loguniform (a, b), uniform (loc, scale) and randint (low, high)"
            )
        values = self.model_extra or {}
        try:
            frozen = family(**values)
            frozen.rvs(random_state=0)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{self.distribution} with {values}: {error}") from error
        return frozen


def _build(value: Any) -> Any:
    if isinstance(value, dict) and "class" in value:
        return Estimator.model_validate(value).build()
    if isinstance(value, list):
        return [_build(each) for each in value]
    return value


def _find_classes(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and "class" in value:
        yield value["class"]
        value = list(value.get("parameters", {}).values())
    if isinstance(value, list):
        for each in value:
            yield from _find_classes(each)


def _advise(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name in (*BOOSTING, CONVERSION):
        return "run pip install '.[boosting]'"
    return "use a full path such as sklearn.linear_model.LogisticRegression"


def check_values(estimator: Any) -> None:
    """Check parameter values like scikit-learn's ``fit``, but before any training.

    Raises:
        ValueError: Names the parameter, its value and what is allowed.
    """
    from sklearn.base import BaseEstimator

    for part in [estimator, *estimator.get_params().values()]:
        # Estimators of other packages often declare no constraints.
        if isinstance(part, BaseEstimator) and hasattr(part, "_parameter_constraints"):
            part._validate_params()
