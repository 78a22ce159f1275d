"""Preprocessing by type: derived features, imputation, encoding and scaling.

It is part of the model and of its ONNX file. Some scikit-learn transformers, such as
missing-value indicators or one-hot encoding of NaN, convert to ONNX incorrectly but
without an error. They are not used, and the parity check would reject them.
"""

from collections.abc import Sequence
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from iris_kedro.derived.transformer import DerivedFeatures
from iris_kedro.model.inputs import NO_CATEGORY
from iris_kedro.specification import Boolean, Candidate, Category, Dataset, Number
from iris_kedro.specification.data.features import AnyFeature

UNKNOWN_CODE = -1  # of an ordinal encoding


def build_preprocessing(
    candidate: Candidate, dataset: Dataset
) -> list[tuple[str, Any]]:
    """Build the steps before an estimator; none if it needs no preprocessing."""
    features = list(dataset.features.values())
    plain = not any(each.is_category or each.nullable for each in features)
    if plain and not dataset.derived:
        return [("scale", StandardScaler())] if candidate.scale else []
    # Columns are in this order: see iris_kedro.model.inputs.
    ordered = sorted(features, key=lambda each: each.is_category)
    parts = [
        ("numbers", Number, _prepare_numbers),
        ("booleans", Boolean, _prepare_booleans),
        ("categories", Category, _encode),
    ]
    transformers = [
        (name, prepare(candidate, [ordered[place] for place in places]), places)
        for name, kind, prepare in parts
        if (places := [n for n, each in enumerate(ordered) if isinstance(each, kind)])
    ]
    if dataset.derived:
        numbers = [name for name in dataset.columns if name not in dataset.categories]
        derive = ("derive", DerivedFeatures(dataset.derived, numbers))
        steps = Pipeline([derive, *_list_steps(candidate, nullable=True)])
        transformers.append(("derived", steps, list(range(len(numbers)))))
    return [("prepare", ColumnTransformer(transformers))]


def read_expressions(model: Pipeline) -> dict[str, str]:
    """Return the expressions that a fitted pipeline computes, by name."""
    prepared = getattr(model.named_steps.get("prepare"), "named_transformers_", {})
    return prepared["derived"]["derive"].expressions if "derived" in prepared else {}


def _prepare_numbers(candidate: Candidate, features: Sequence[AnyFeature]) -> Any:
    steps = _list_steps(candidate, any(each.nullable for each in features))
    return Pipeline(steps) if steps else "passthrough"


def _list_steps(candidate: Candidate, nullable: bool) -> list[tuple[str, Any]]:
    steps: list[tuple[str, Any]] = []
    if candidate.impute != "none" and nullable:
        # If a fold has no value at all, 0 is used.
        imputer = SimpleImputer(strategy=candidate.impute, keep_empty_features=True)
        steps.append(("impute", imputer))
    if candidate.scale:
        steps.append(("scale", StandardScaler()))
    return steps


def _prepare_booleans(candidate: Candidate, features: Sequence[AnyFeature]) -> Any:
    if candidate.impute == "none" or not any(each.nullable for each in features):
        return "passthrough"
    return SimpleImputer(strategy="most_frequent", keep_empty_features=True)


def _encode(candidate: Candidate, features: Sequence[AnyFeature]) -> Any:
    categories = [
        [*each.categories, *([NO_CATEGORY] if each.nullable else [])]
        for each in features
        if isinstance(each, Category)
    ]
    if candidate.encode == "ordinal":
        return OrdinalEncoder(
            categories=categories,
            handle_unknown="use_encoded_value",
            unknown_value=UNKNOWN_CODE,
        )
    return OneHotEncoder(
        categories=categories, handle_unknown="ignore", sparse_output=False
    )
