"""The marshmallow fields of requests, and how their errors become issues."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields
from marshmallow.exceptions import SCHEMA

from serving.model.contract import Contract, Feature
from serving.schemas.issues import (
    REPORTED,
    InvalidInputError,
    ValidationIssue,
    accepted_limits,
    describe,
    point,
    validate_value,
)

Locate = Callable[..., str]


class Reasoned(str):
    """An error message that carries its reason, for the metrics."""

    __slots__ = ("reason",)

    def __new__(cls, message: str, reason: str) -> "Reasoned":
        """Attach a reason to a message."""
        text = super().__new__(cls, message)
        text.reason = reason
        return text

    reason: str


MESSAGES: dict[str, Any] = {
    "required": Reasoned("is missing", "missing"),
    "null": Reasoned("must not be null", "null"),
}


class Measurement(fields.Float):
    """A number of one feature: no text, boolean or NaN, and within its range."""

    default_error_messages = MESSAGES | {
        "null": Reasoned("must be a number, not null", "null")
    }

    def __init__(
        self, feature: Feature, limits: tuple[float, float], example: float
    ) -> None:
        self.feature, self.limits = feature, limits
        # Described here and checked in one place: a marshmallow validator would
        # compare with the limits for a second time.
        metadata = {
            "description": f"{feature.description} ({feature.unit})",
            "minimum": feature.minimum,
            "maximum": feature.maximum,
            "examples": [example],
            "x-unit": feature.unit,
        }
        super().__init__(required=True, data_key=feature.name, metadata=metadata)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        problem = validate_value(value, self.feature, self.limits)
        if problem:
            raise ValidationError(Reasoned(problem[1], problem[0]))
        return float(value)


class Text(fields.String):
    """A string; its errors read like all others."""

    default_error_messages = MESSAGES | {"invalid": "must be a string"}


class ShortList(fields.List[Any]):
    """A list whose length is checked before its items are.

    marshmallow checks it after them, when a body of wrong items has already taken a
    thousand times its size in messages.
    """

    default_error_messages = MESSAGES | {"invalid": "must be an array"}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, list):
            self._validate(value)
        return super()._deserialize(value, *args, **kwargs)


class Parameters(fields.Field[dict[str, Any]]):
    """An object of which few members are read: the others cost nothing."""

    default_error_messages = MESSAGES

    def __init__(self) -> None:
        super().__init__(load_default=dict, metadata={"type": "object"})

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValidationError(f"must be an object, not {describe(value)}")
        return value


class StrictSchema(Schema):
    """Base of requests that reject unknown keys."""

    error_messages = {  # noqa: RUF012 -- as marshmallow declares it
        "unknown": Reasoned("is not an input of the model", "unknown"),
        "type": Reasoned("must be an object", "shape"),
    }

    class Meta:
        """Reject unknown keys."""

        unknown = RAISE


def row_schema(contract: Contract) -> Schema:
    """Create the schema of one row: a number for each feature, in their order."""
    example = contract.examples[0]
    limits = zip(*accepted_limits(contract).tolist(), strict=True)
    # Numbered, because a feature's name may not be a valid attribute name.
    measurements: dict[str, fields.Field[Any]] = {
        f"feature_{number}": Measurement(feature, pair, example[feature.name])
        for number, (feature, pair) in enumerate(
            zip(contract.features, limits, strict=True)
        )
    }
    return StrictSchema.from_dict(measurements, name="PredictionRequestSchema")()


def load(schema: Schema, body: Any) -> Any:
    """Load a body.

    Raises:
        InvalidInputError: If the schema does not accept it.
    """
    try:
        return _load(schema, body)
    except ValidationError as error:
        issues = _flatten(error.messages_dict, schema, partial(point, ""))
        raise InvalidInputError.collect(issues) from None


def find_issues(schema: Schema, body: Any, locate: Locate) -> Iterator[ValidationIssue]:
    """Find what a schema does not accept.

    Args:
        schema: The schema.
        body: What to validate.
        locate: Returns the JSON pointer to the body, or to a place in it.
    """
    try:
        _load(schema, body)
    except ValidationError as error:
        yield from _flatten(error.messages_dict, schema, locate)


def _load(schema: Schema, body: Any) -> Any:
    """Load a body; first limit its keys, because each unknown one costs time."""
    known = len(schema.fields)
    if schema.unknown == RAISE and isinstance(body, dict):
        if len(body) > known + REPORTED:
            message = f"must have at most {known} keys, not {len(body)}"
            raise ValidationError({SCHEMA: [message]})
    return schema.load(body)


def _flatten(
    messages: Mapping[Any, Any],
    schema: Schema,
    locate: Locate,
    path: tuple[object, ...] = (),
) -> Iterator[ValidationIssue]:
    """Turn marshmallow's nested messages into issues."""
    names = {field.data_key for field in schema.fields.values()}
    for key, inner in messages.items():
        place = path if key == SCHEMA else (*path, key)
        if isinstance(inner, dict):
            yield from _flatten(inner, schema, locate, place)
            continue
        for message in inner:
            reason = getattr(message, "reason", "shape")
            name = key if key in names else ""
            yield ValidationIssue(locate(*place), str(message), name, reason)
