"""marshmallow fields that load values of features as numbers of the matrix."""

import math
from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError, fields

from serving.model.features import Boolean, Category, Feature, Integer, Number
from serving.schemas.issues import MESSAGES, NUMBERS, Reasoned, describe, quote
from serving.schemas.values.limits import find_limits, is_finite, is_within

NAMED = 20  # categories in one message


class FeatureField(fields.Field[float]):
    """A value of one feature.

    It checks the limits itself: a marshmallow validator would compare them again.
    """

    noun = "a value"

    def __init__(self, feature: Feature) -> None:
        self.feature, self.limits = feature, find_limits(feature)
        null = Reasoned(f"must be {self.noun}, not null", "null")
        super().__init__(
            required=True,
            allow_none=feature.nullable,
            data_key=feature.name,
            error_messages=MESSAGES | {"null": null},
        )

    def _reject_type(self, value: Any) -> ValidationError:
        message = f"must be {self.noun}, not {describe(value)}"
        return ValidationError(Reasoned(message, "type"))


class NumberField(FeatureField):
    """A finite number within its range; no text or boolean."""

    feature: Number
    noun = "a number"

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if type(value) not in NUMBERS:
            raise self._reject_type(value)
        if not is_within(value, *self.limits):
            self._explain(value)
        return float(value)

    def _explain(self, value: float) -> None:
        """Reject a number outside the limits, unless it is NaN and may be missing.

        JSON has no NaN, but binary tensors do.
        """
        unit = f" {self.feature.unit}" if self.feature.unit else ""
        if not is_finite(value):
            if self.feature.nullable and math.isnan(value):
                return
            raise ValidationError(Reasoned("must be a finite number", "not_finite"))
        if value < self.limits[0]:
            message = f"must be at least {self.feature.minimum:.15g}{unit}"
            raise ValidationError(Reasoned(message, "too_small"))
        message = f"must be at most {self.feature.maximum:.15g}{unit}"
        raise ValidationError(Reasoned(message, "too_large"))


class IntegerField(NumberField):
    """A number without a fraction, within its range."""

    noun = "an integer"

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if type(value) is float and is_finite(value) and not value.is_integer():
            raise ValidationError(Reasoned("must be an integer", "type"))
        return super()._deserialize(value)


class BooleanField(FeatureField):
    """True or false."""

    noun = "a boolean"

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if not isinstance(value, bool):
            raise self._reject_type(value)
        return float(value)


class CategoryField(FeatureField):
    """One of the categories, or any text if unknown ones are accepted."""

    feature: Category
    noun = "a string"

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        if type(value) not in (str, int):
            raise self._reject_type(value)
        code = self.feature.codes.get(value, self.feature.unknown)
        if code > self.limits[1]:
            message = f"must be one of {_list(self.feature.categories)}"
            raise ValidationError(Reasoned(message, "category"))
        return code


def _list(categories: Sequence[str]) -> str:
    more = ["…"] if len(categories) > NAMED else []
    return ", ".join([*map(quote, categories[:NAMED]), *more])


_FIELDS: dict[type[Feature], type[FeatureField]] = {
    Number: NumberField,
    Integer: IntegerField,
    Boolean: BooleanField,
    Category: CategoryField,
}


def create_field(feature: Feature) -> FeatureField:
    """Create the field of a feature."""
    return _FIELDS[type(feature)](feature)
