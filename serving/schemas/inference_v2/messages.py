"""Requests: the schema of the message, and conversion of its tensors to rows."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate
from numpy.typing import NDArray

from serving.schemas.fields import Parameters, ShortList, Text
from serving.schemas.inference_v2.datatypes import (
    check_datatype,
    find_datatypes,
    list_values,
)
from serving.schemas.inference_v2.outputs import OUTPUTS
from serving.schemas.inference_v2.tensors import (
    DATATYPES,
    NUMERIC,
    BinaryTail,
    Values,
    read_values,
)
from serving.schemas.issues import MESSAGES, InvalidInputError, point
from serving.schemas.rows import Matrix, RowReader

MATRIX = 2  # dimensions
LONGEST_ID = 1000


def _one_of(choices: Iterable[str]) -> validate.OneOf:
    return validate.OneOf(list(choices), error="must be one of {choices}")


def _at_most(count: int, of: str) -> validate.Length:
    return validate.Length(max=count, error=f"must have at most {count} {of}")


class MessageSchema(Schema):
    """Base of the messages; ignores unknown members."""

    error_messages = {"type": "must be an object"}  # noqa: RUF012

    class Meta:
        """Clients may send extensions."""

        unknown = EXCLUDE


class Shape(fields.Field[list[int]]):
    """The shape of a tensor: one or two dimensions."""

    default_error_messages = MESSAGES

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[int]:
        if isinstance(value, list) and len(value) in (1, MATRIX):
            if all(type(size) is int and size > 0 for size in value):
                return value
        raise ValidationError("must be one or two positive integers")


class TensorSchema(MessageSchema):
    """An input tensor; its data is read by `read_values`."""

    name = Text(required=True)
    datatype = Text(required=True, validate=_one_of(DATATYPES))
    shape = Shape(required=True)
    parameters = Parameters()
    data = fields.Raw(allow_none=True)


class RequestedOutputSchema(MessageSchema):
    """An output that the client requests."""

    name = Text(required=True, validate=_one_of(OUTPUTS))
    parameters = Parameters()


def inference_schema(reader: RowReader) -> Schema:
    """Create the schema of a request, with at most one tensor per feature."""
    count = len(reader.names)
    error = f"must have from 1 to {count} tensors"
    accepted = validate.Length(min=1, max=count, error=error)

    class InferenceRequestSchema(MessageSchema):
        id = Text(load_default="", validate=_at_most(LONGEST_ID, "characters"))
        parameters = Parameters()
        inputs = ShortList(
            fields.Nested(TensorSchema), required=True, validate=accepted
        )
        outputs = ShortList(
            fields.Nested(RequestedOutputSchema),
            load_default=list,
            validate=_at_most(len(OUTPUTS), "outputs"),
        )

    return InferenceRequestSchema()


def read_tensors(
    tensors: list[dict[str, Any]], reader: RowReader, tail: BinaryTail
) -> Matrix:
    """Read one tensor of all numbers, with any name, or one tensor per feature.

    Raises:
        InvalidInputError: If the tensors are neither.
    """
    width = len(reader.names)
    name, shape = tensors[0]["name"], tensors[0]["shape"]
    if not reader.contract.has_only_numbers:
        return _read_columns(tensors, reader, tail)
    is_matrix = len(shape) == MATRIX and shape[1] == width
    if len(tensors) > 1 or (name in reader.names and not is_matrix):
        return _read_columns(tensors, reader, tail)
    if not is_matrix:
        raise InvalidInputError.of("/inputs/0/shape", f"must be [n, {width}]")
    return _read_matrix(tensors[0], reader, tail)


def _read_matrix(tensor: dict[str, Any], reader: RowReader, tail: BinaryTail) -> Matrix:
    count, width = tensor["shape"]
    reader.check_count(count)
    check_datatype(tensor["datatype"], tuple(NUMERIC), "/inputs/0")
    values = read_values(tensor, "/inputs/0", tail)
    tail.check_end()
    rows = (
        list(zip(*[iter(values)] * width, strict=True))
        if isinstance(values, list)
        else values.reshape(count, width)
    )
    return reader.from_rows(
        rows,
        range(width),
        lambda row, place: point("/inputs/0/data", row * width + place),
    )


def _read_columns(
    tensors: list[dict[str, Any]], reader: RowReader, tail: BinaryTail
) -> Matrix:
    order = reader.order_of([tensor["name"] for tensor in tensors], "/inputs")
    count = tensors[0]["shape"][0]
    for number, tensor in enumerate(tensors):
        if tensor["shape"] not in ([count], [count, 1]):
            message = "must be [n] or [n, 1], with the same n for all tensors"
            raise InvalidInputError.of(point("/inputs", number, "shape"), message)
    reader.check_count(count)
    features = {each.name: each for each in reader.contract.features}
    for number, tensor in enumerate(tensors):
        accepted = find_datatypes(features[tensor["name"]])
        check_datatype(tensor["datatype"], accepted, point("/inputs", number))
    columns = [
        read_values(tensor, point("/inputs", number), tail)
        for number, tensor in enumerate(tensors)
    ]
    tail.check_end()
    if not reader.contract.has_only_numbers:
        columns = [
            list_values(column, features[tensor["name"]])
            for column, tensor in zip(columns, tensors, strict=True)
        ]
    return reader.from_rows(
        _stack(columns), order, lambda row, place: point("/inputs", place, "data", row)
    )


def _stack(columns: list[Values]) -> NDArray[Any] | list[tuple[Any, ...]]:
    """Combine columns, as an array if all of them are numbers."""
    if not any(isinstance(column, list) for column in columns):
        return np.stack(columns, axis=1).astype(np.float64)
    lists = [
        column if isinstance(column, list) else column.tolist() for column in columns
    ]
    return list(zip(*lists, strict=True))
