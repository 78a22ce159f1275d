"""Opens, decompresses and decodes text."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iris_kedro.datasets.batch.reading.listing import GZIP
from iris_kedro.datasets.batch.reading.locations import open_location
from iris_kedro.errors import ProjectError
from iris_kedro.scoring.rows import Unreadable

BUFFER = 8 << 20  # bytes of one request to an object store
NOT_TEXT = "is not valid UTF-8"


@contextmanager
def open_text(path: str, start: int = 0) -> Iterator[Any]:
    """Open a text file for reading bytes, which are decompressed if it ends in .gz.

    Args:
        path: A path or a URL.
        start: The byte to start from, of the decompressed text.

    Raises:
        ProjectError: If it cannot be read.
    """
    system, inner = open_location(path)
    try:
        if path.endswith(GZIP):
            with system.open_input_stream(inner, compression="gzip") as stream:
                stream.read(start)
                yield stream
        else:
            with system.open_input_file(inner) as file:
                file.seek(start)
                yield file
    except OSError as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise ProjectError(f"{path!r} cannot be read: {reason}") from error


def decode_columns(
    batch: pa.RecordBatch, numbers: NDArray[np.int64]
) -> tuple[pa.RecordBatch, NDArray[np.int64], list[Unreadable]]:
    """Decode columns of bytes, without the rows that are not valid UTF-8.

    Returns:
        The decoded rows, their numbers, and the other rows.
    """
    schema = pa.schema([(name, pa.string()) for name in batch.schema.names])
    try:
        return batch.cast(schema), numbers, []
    except pa.ArrowInvalid:
        is_text = np.ones(batch.num_rows, bool)
        for column in batch.columns:
            is_text &= [is_utf8(value.as_buffer()) for value in column]
    broken = [Unreadable(int(number), NOT_TEXT) for number in numbers[~is_text]]
    return batch.filter(pa.array(is_text)).cast(schema), numbers[is_text], broken


def is_utf8(data: Any) -> bool:
    """Return whether bytes are valid UTF-8."""
    try:
        str(data, "utf-8")
    except UnicodeDecodeError:
        return False
    return True
