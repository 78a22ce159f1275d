"""Tensors of the Open Inference Protocol v2, as JSON or as bytes after it."""

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.schemas.issues import InvalidInputError, MalformedError, describe, point
from serving.schemas.values.tables import convert_numbers

FLOATS: dict[str, type[np.generic]] = {"FP32": np.float32, "FP64": np.float64}
INTEGERS: dict[str, type[np.generic]] = {
    "INT8": np.int8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
    "UINT8": np.uint8,
    "UINT16": np.uint16,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
}
NUMERIC = FLOATS | INTEGERS
BOOL, BYTES = "BOOL", "BYTES"
OTHER_TYPES: dict[str, tuple[type, str]] = {
    BOOL: (bool, "a boolean"),
    BYTES: (str, "a string"),
}
DATATYPES = (*NUMERIC, *OTHER_TYPES)

LENGTH_BYTES = 4  # before each text in the binary form

# The flat values of a tensor: an array of numbers or booleans, or a list as in JSON.
Values = NDArray[Any] | list[Any]


@dataclass
class BinaryTail:
    """The bytes after the JSON part of a request, read tensor by tensor.

    Attributes:
        body: The whole body, so that tensors need no copy of it.
        offset: Offset of the next tensor.
    """

    body: bytes
    offset: int

    def take(self, count: int, kind: np.dtype[Any]) -> NDArray[Any]:
        """Return the next values.

        Raises:
            MalformedError: If there are fewer.
        """
        if self.offset + count * kind.itemsize > len(self.body):
            raise MalformedError("The body is shorter than its tensors require.")
        values = np.frombuffer(self.body, kind, count, self.offset)
        self.offset += count * kind.itemsize
        return values

    def take_texts(self, count: int, size: int) -> list[str]:
        """Return the next texts, each preceded by its length.

        Args:
            count: Number of texts.
            size: Number of bytes that they take together.

        Raises:
            MalformedError: If they have another size, or are not UTF-8.
        """
        end = self.offset + size
        if size < 0 or end > len(self.body):
            raise MalformedError("The body is shorter than its tensors require.")
        texts = []
        try:
            for _ in range(count):
                start = self.offset + LENGTH_BYTES
                length = int.from_bytes(self.body[self.offset : start], "little")
                self.offset = start + length
                if self.offset > end:
                    break
                texts.append(self.body[start : self.offset].decode())
        except UnicodeDecodeError:
            raise MalformedError("A text in a tensor is not valid UTF-8.") from None
        if len(texts) != count or self.offset != end:
            raise MalformedError("The texts of a tensor do not have the given size.")
        return texts

    def check_end(self) -> None:
        """Check that no bytes are left.

        Raises:
            MalformedError: If there are.
        """
        if self.offset != len(self.body):
            raise MalformedError("The body is longer than its tensors require.")


def read_values(tensor: dict[str, Any], at: str, tail: BinaryTail) -> Values:
    """Read the values of an input tensor.

    Raises:
        InvalidInputError: If its data does not match its datatype and shape.
    """
    datatype = tensor["datatype"]
    size = tensor["parameters"].get("binary_data_size")
    if size is None:
        at = point(at, "data")
        values = _flatten(tensor.get("data"), tensor["shape"], at)
        if datatype in NUMERIC:
            return _convert(values, np.dtype(NUMERIC[datatype]), at)
        _check_types(values, *OTHER_TYPES[datatype], at)
        return values
    at = point(at, "parameters", "binary_data_size")
    return _read_bytes(datatype, prod(tensor["shape"]), size, at, tail)


def _read_bytes(
    datatype: str, count: int, size: Any, at: str, tail: BinaryTail
) -> Values:
    if datatype == BYTES:
        if type(size) is not int:
            raise InvalidInputError.of(at, "must be an integer")
        return tail.take_texts(count, size)
    # Any byte except 0 is true, which np.bool_ does not guarantee.
    kind = np.dtype(NUMERIC.get(datatype, np.uint8))
    if type(size) is not int or size != count * kind.itemsize:
        message = f"must be {count * kind.itemsize} for this shape and datatype"
        raise InvalidInputError.of(at, message)
    values = tail.take(count, kind.newbyteorder("<"))
    return values != 0 if datatype == BOOL else values


def encode_strings(values: list[str]) -> bytes:
    """Encode BYTES in binary form: each value is preceded by its length."""
    encoded = {value: _encode_string(value) for value in set(values)}
    return b"".join(map(encoded.__getitem__, values))


def _encode_string(value: str) -> bytes:
    text = value.encode()
    return len(text).to_bytes(LENGTH_BYTES, "little") + text


def _flatten(data: Any, shape: list[int], at: str) -> list[Any]:
    """Flatten the data: clients may nest it like its shape."""
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
    """Convert numbers, to float64 even for FP32: limits apply to the sent values."""
    if kind.kind == "f":
        table = convert_numbers(values)
        return values if table is None else table
    _check_types(values, int, "an integer", at)
    present = [value for value in values if value is not None]
    try:
        table = np.array(present, dtype=kind)
    except OverflowError:
        message = "has values out of range for the datatype"
        raise InvalidInputError.of(at, message, "type") from None
    return table if len(present) == len(values) else values


def _check_types(values: list[Any], kind: type, noun: str, at: str) -> None:
    """Reject values of another type, except null, which the feature checks."""
    if set(map(type, values)) <= {kind, type(None)}:
        return
    for index, value in enumerate(values):
        if type(value) is not kind and value is not None:
            found = describe(value)
            message = f"must be {noun}"
            if found != "a number" or kind is not int:
                message += f", not {found}"
            raise InvalidInputError.of(point(at, index), message, "type")
