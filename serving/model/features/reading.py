"""Reads the features of a contract."""

from typing import Any

from serving.model.contract import parsing
from serving.model.contract.parsing import ContractError
from serving.model.features.discrete import Boolean, Category
from serving.model.features.feature import Feature
from serving.model.features.numbers import Integer, Number

# Contracts of version 1 lack these.
DEFAULTS = {"type": "number", "nullable": False, "unknown": "reject"}
UNKNOWN_RULES = ("reject", "accept")


def read_feature(part: Any, at: str) -> Feature:
    """Read one entry of ``features``.

    Raises:
        ContractError: If it is incomplete or inconsistent.
    """
    part = parsing.add_defaults(part, DEFAULTS, at)
    kind = parsing.read_text(part, "type", at)
    if kind not in _TYPES:
        raise ContractError(f"{at}/type must be one of {', '.join(_TYPES)}")
    training = parsing.read_object(part, "training", at)
    training = parsing.add_defaults(training, {"missing": 0}, f"{at}/training")
    common = {
        "name": parsing.read_text(part, "name", at),
        "description": parsing.read_text(part, "description", at),
        "nullable": parsing.read_boolean(part, "nullable", at),
        "missing": parsing.read_number(training, "missing", f"{at}/training"),
    }
    create, read_rest = _TYPES[kind]
    feature: Feature = create(**common, **read_rest(part, training, at))
    feature.check(at)
    return feature


def _read_number(part: Any, training: Any, at: str) -> dict[str, Any]:
    statistics = f"{at}/training"
    return {
        "unit": parsing.read_text(part, "unit", at),
        "minimum": parsing.read_number(part, "minimum", at),
        "maximum": parsing.read_number(part, "maximum", at),
        "mean": parsing.read_number(training, "mean", statistics),
        "standard_deviation": parsing.read_number(
            training, "standard_deviation", statistics
        ),
        "quantiles": parsing.read_numbers(training, "quantiles", statistics),
    }


def _read_boolean(_: Any, training: Any, at: str) -> dict[str, Any]:
    return {"counts": parsing.read_counts(training, "counts", f"{at}/training")}


def _read_category(part: Any, training: Any, at: str) -> dict[str, Any]:
    unknown = parsing.read_text(part, "unknown", at)
    if unknown not in UNKNOWN_RULES:
        raise ContractError(f"{at}/unknown must be one of {', '.join(UNKNOWN_RULES)}")
    return {
        "counts": parsing.read_counts(training, "counts", f"{at}/training"),
        "categories": parsing.read_texts(part, "categories", at),
        "accepts_unknown": unknown == "accept",
    }


_TYPES: dict[str, Any] = {
    "number": (Number, _read_number),
    "integer": (Integer, _read_number),
    "boolean": (Boolean, _read_boolean),
    "category": (Category, _read_category),
}
