"""Tensors of the Open Inference Protocol v2: as JSON, or as bytes behind it."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.schemas.issues import InvalidInputError, MalformedError, describe, point
from serving.schemas.values.tables import convert_numbers

DATATYPES: dict[str, type[np.generic]] = {
    "FP32": np.float32,
    "FP64": np.float64,
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
}

# The values of a tensor in one dimension. A list has some that are not numbers.
Values = NDArray[Any] | list[Any]


@dataclass
class BinaryTail:
    """The bytes after the JSON part of a request, read tensor by tensor.

    Attributes:
        body: The whole body, so that tensors need no copy of their part of it.
        offset: Where the next tensor begins.
    """

    body: bytes
    offset: int

    def take(self, count: int, kind: np.dtype[Any]) -> NDArray[Any]:
        """Return the next values.

        Raises:
            MalformedError: If there are not so many.
        """
        if self.offset + count * kind.itemsize > len(self.body):
            raise MalformedError("The body is shorter than its tensors require.")
        values = np.frombuffer(self.body, kind, count, self.offset)
        self.offset += count * kind.itemsize
        return values

    def check_end(self) -> None:
        """Reject bytes that belong to no tensor.

        Raises:
            MalformedError: If there are any.
        """
        if self.offset != len(self.body):
            raise MalformedError("The body is longer than its tensors require.")


def read_values(tensor: dict[str, Any], at: str, tail: BinaryTail) -> Values:
    """Read the values of an input tensor, as many as its shape says.

    Raises:
        InvalidInputError: If its data does not fit its datatype and shape.
    """
    kind = np.dtype(DATATYPES[tensor["datatype"]])
    size = tensor["parameters"].get("binary_data_size")
    if size is None:
        values = _flatten(tensor.get("data"), tensor["shape"], point(at, "data"))
        return _convert(values, kind, point(at, "data"))
    count = prod(tensor["shape"])
    if type(size) is not int or size != count * kind.itemsize:
        message = f"must be {count * kind.itemsize} for this shape and datatype"
        raise InvalidInputError.of(point(at, "parameters", "binary_data_size"), message)
    return tail.take(count, kind.newbyteorder("<"))


def encode_strings(values: list[str]) -> bytes:
    """Encode BYTES for the binary form: each with its length before it."""
    encoded = {value: _encode_string(value) for value in set(values)}
    return b"".join(map(encoded.__getitem__, values))


def _encode_string(value: str) -> bytes:
    text = value.encode()
    return len(text).to_bytes(4, "little") + text


def _flatten(data: Any, shape: list[int], at: str) -> list[Any]:
    """Return the data as one list: clients send it flat, or nested as its shape."""
    if not isinstance(data, list):
        raise InvalidInputError.of(at, f"must be an array, not {describe(data)}")
    if data and isinstance(data[0], list):
        if set(map(type, data)) != {list}:
            raise InvalidInputError.of(at, "must not mix arrays and values")
        if len(shape) == 1 or set(map(len, data)) != {shape[1]}:
            raise InvalidInputError.of(
                at, f"must be flat or nested like the shape {shape}"
            )
        data = [value for row in data for value in row]
    values: list[Any] = data
    if len(values) != prod(shape):
        message = f"has {len(values)} values, but shape {shape} requires {prod(shape)}"
        raise InvalidInputError.of(at, message)
    return values


def _convert(values: list[Any], kind: np.dtype[Any], at: str) -> Values:
    """Convert numbers, as float64 and not as FP32: limits apply to what was sent."""
    if kind.kind == "f":
        table = convert_numbers(values)
        return values if table is None else table
    wrong = next((i for i, value in enumerate(values) if type(value) is not int), None)
    if wrong is not None:
        found = describe(values[wrong])
        message = "must be an integer"
        if found != "a number":
            message += f", not {found}"
        raise InvalidInputError.of(point(at, wrong), message, "type")
    try:
        return np.array(values, dtype=kind)
    except OverflowError:
        message = "has values out of range for the datatype"
        raise InvalidInputError.of(at, message, "type") from None
