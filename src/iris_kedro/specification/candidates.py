"""The candidates: estimators with their search spaces."""

import warnings
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from iris_kedro.boosting.parameters import list_parameters
from iris_kedro.specification.base import Count, Name, Parameters, check_known
from iris_kedro.specification.estimators import Distribution, Estimator, check_values

EXAMPLES = 20  # drawn from distributions, to check them before any training


class Search(Parameters):
    """How the parameters of a candidate are searched.

    Attributes:
        method: ``grid`` tries all combinations, ``random`` draws some, ``halving``
            starts with some on few rows and continues with the best.
        iterations: Number of combinations that ``random`` and ``halving`` draw.
    """

    method: Literal["grid", "random", "halving"] = "grid"
    iterations: Count = 20


class Candidate(Estimator):
    """An estimator with the parameters to search: values to try, or distributions.

    Attributes:
        scale: Whether numbers are standardized.
        impute: How missing numbers are imputed; ``none`` leaves them to the estimator.
        encode: How categories are encoded; ``ordinal`` uses their order.
        search: How the parameters are searched.
        grid: Values to try for each parameter, by its name.
        distributions: Distributions to draw each parameter from, by its name.
    """

    scale: bool = False
    impute: Literal["median", "mean", "most_frequent", "none"] = "median"
    encode: Literal["one_hot", "ordinal"] = "one_hot"
    search: Search = Field(default_factory=Search)
    grid: dict[str, Annotated[list[Any], Field(min_length=1)]] = {}
    distributions: dict[str, Distribution] = {}

    def space(self) -> dict[str, Any]:
        """Return the search space: lists of values and distributions, by parameter."""
        drawn = {name: each.build() for name, each in self.distributions.items()}
        return {**self.grid, **drawn}

    def _examples(self) -> list[dict[str, Any]]:
        """Return combinations of parameters to check before any training."""
        from sklearn.model_selection import ParameterGrid, ParameterSampler

        if self.search.method == "grid":
            return list(ParameterGrid(self.grid))
        with warnings.catch_warnings():  # about fewer combinations
            warnings.simplefilter("ignore", UserWarning)
            return list(ParameterSampler(self.space(), EXAMPLES, random_state=0))

    @model_validator(mode="after")
    def _check_candidate(self) -> Self:
        from sklearn.base import is_classifier

        if not hasattr(self.load_class(), "fit"):
            raise ValueError(f"{self.class_path} cannot be fitted")
        if self.distributions and self.search.method == "grid":
            raise ValueError(
                "distributions cannot be searched as a grid: set search.method to"
                " random or halving"
            )
        if self.search.method != "grid" and not self.space():
            raise ValueError(
                f"there is nothing to search with the method {self.search.method}"
            )
        check_known(self.space(), list_parameters(self.build()), self.class_path)
        for combination in self._examples():
            estimator = self.build().set_params(**combination)
            check_values(estimator)
            if not (is_classifier(estimator) and hasattr(estimator, "predict_proba")):
                raise ValueError(
                    f"{self.class_path} is not a classifier with probabilities; wrap"
                    " a classifier without probabilities in"
                    " sklearn.calibration.CalibratedClassifierCV"
                )
        return self


Candidates = Annotated[dict[Name, Candidate], Field(min_length=1)]
