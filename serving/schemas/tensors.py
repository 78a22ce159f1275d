"""Tensors of the Open Inference Protocol v2: as JSON, or as bytes behind it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from serving.schemas.issues import InvalidInputError, MalformedError, describe, point

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


@dataclass
class BinaryTail:
    """The bytes after the JSON part of a request, taken off tensor by tensor."""

    content: bytes
    taken: int = 0

    def take(self, size: int) -> bytes:
        """Return the next bytes.

        Raises:
            MalformedError: If there are not so many.
        """
        piece = self.content[self.taken : self.taken + size]
        if len(piece) != size:
            raise MalformedError("The body has fewer bytes than its tensors announce.")
        self.taken += size
        return piece


def read_tensor(tensor: dict[str, Any], at: str, tail: BinaryTail) -> NDArray[Any]:
    """Read an input tensor into an array of its shape.

    Raises:
        InvalidInputError: If its data does not fit its type and shape.
    """
    datatype, shape = tensor["datatype"], tensor["shape"]
    if datatype not in DATATYPES:
        message = f"must be one of {', '.join(DATATYPES)}"
        raise InvalidInputError.of(point(at, "datatype"), message, "type")
    size = tensor["parameters"].get("binary_data_size")
    if size is None:
        flat = _flatten(tensor.get("data"), point(at, "data"))
        array = _convert(flat, DATATYPES[datatype], point(at, "data"))
    else:
        array = _from_bytes(tail, size, DATATYPES[datatype], at)
    if array.size != int(np.prod(shape, dtype=object)):
        message = f"has {array.size} values, the shape {shape} takes others"
        raise InvalidInputError.of(at, message)
    return array.reshape(shape)


def encode_strings(values: list[str]) -> bytes:
    """Encode BYTES for the binary form: each with its length before it."""
    encoded = [value.encode() for value in values]
    return b"".join(len(text).to_bytes(4, "little") + text for text in encoded)


def _flatten(data: Any, at: str) -> list[Any]:
    """Flatten nested lists: the protocol allows both forms."""
    if not isinstance(data, list):
        raise InvalidInputError.of(at, f"must be an array, not {describe(data)}")
    flat = data
    while flat and isinstance(flat[0], list):
        if set(map(type, flat)) != {list}:
            raise InvalidInputError.of(at, "mixes arrays and values")
        flat = [value for part in flat for value in part]
    return flat


def _convert(flat: list[Any], kind: type[np.generic], at: str) -> NDArray[Any]:
    allowed = {int, float} if issubclass(kind, np.floating) else {int}
    if not set(map(type, flat)) <= allowed:
        wrong = next(i for i, value in enumerate(flat) if type(value) not in allowed)
        message = f"does not fit the datatype: {describe(flat[wrong])}"
        raise InvalidInputError.of(point(at, wrong), message, "type")
    try:
        # As float64, not as FP32: the accepted range is checked on what was sent.
        if issubclass(kind, np.floating):
            return np.array(flat, dtype=np.float64)
        return np.array(flat, dtype=kind)
    except OverflowError:
        raise InvalidInputError.of(at, "does not fit the datatype", "type") from None


def _from_bytes(
    tail: BinaryTail, size: Any, kind: type[np.generic], at: str
) -> NDArray[Any]:
    if type(size) is not int or size < 0 or size % np.dtype(kind).itemsize:
        message = "must be a multiple of the datatype's size"
        raise InvalidInputError.of(point(at, "parameters/binary_data_size"), message)
    return np.frombuffer(tail.take(size), dtype=np.dtype(kind).newbyteorder("<"))
