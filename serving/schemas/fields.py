"""The marshmallow fields of requests; converts their errors to issues."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields
from marshmallow.exceptions import SCHEMA

from serving.model.contract.contract import Contract
from serving.schemas.issues import (
    MESSAGES,
    REPORTED,
    InvalidInputError,
    Reasoned,
    ValidationIssue,
    describe,
    point,
)
from serving.schemas.values.fields import create_field

Locate = Callable[..., str]  # the JSON pointer to a body, or to a place in it
_locate_in_body: Locate = partial(point, "")


class Text(fields.String):
    """A string, with our error messages."""

    default_error_messages = MESSAGES | {"invalid": "must be a string"}


class ShortList(fields.List[Any]):
    """A list whose length is checked before its items.

    marshmallow checks it afterwards, when the messages about a body of invalid items
    have already taken a thousand times its size.
    """

    default_error_messages = MESSAGES | {"invalid": "must be an array"}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, list):
            self._validate(value)
        return super()._deserialize(value, *args, **kwargs)


class Parameters(fields.Field[dict[str, Any]]):
    """An object whose members are not validated, because few are read."""

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
    """Create the schema of one row: a value for each feature, in order."""
    # Numbered, because a feature's name may not be a valid attribute name.
    values: dict[str, fields.Field[Any]] = {
        f"feature_{number}": create_field(feature)
        for number, feature in enumerate(contract.features)
    }
    return StrictSchema.from_dict(values, name="PredictionRequestSchema")()


def load(schema: Schema, body: Any, locate: Locate = _locate_in_body) -> Any:
    """Load a body.

    Raises:
        InvalidInputError: If the body does not match the schema.
    """
    try:
        return _load(schema, body)
    except ValidationError as error:
        issues = _flatten(error.messages_dict, schema, locate)
        raise InvalidInputError.collect(issues) from None


def find_issues(schema: Schema, body: Any, locate: Locate) -> Iterator[ValidationIssue]:
    """Find the validation issues of a body."""
    try:
        _load(schema, body)
    except ValidationError as error:
        yield from _flatten(error.messages_dict, schema, locate)


def _load(schema: Schema, body: Any) -> Any:
    """Load a body; limit its keys first, because each unknown key costs time."""
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
    """Convert marshmallow's nested messages to issues."""
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
