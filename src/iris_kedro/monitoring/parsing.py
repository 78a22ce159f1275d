"""Parses JSON objects of many rows to columns, without Python objects per value."""

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json
from numpy.typing import NDArray

from iris_kedro.errors import ProjectError


def parse(texts: Any, types: dict[str, Any]) -> dict[str, Any]:
    """Read flat JSON objects, one per row.

    Args:
        texts: The objects, as a pyarrow array of texts.
        types: The pyarrow type of each key that is read; others are ignored.

    Returns:
        An array for each key, null if an object does not have it.

    Raises:
        ProjectError: If a text is not a flat JSON object of these types.
    """
    lines = "\n".join(texts.to_pylist()).encode()
    try:
        table = pyarrow.json.read_json(
            pa.BufferReader(lines),
            # One block on this thread, because chunks are small.
            pyarrow.json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
            pyarrow.json.ParseOptions(
                explicit_schema=pa.schema(types), unexpected_field_behavior="ignore"
            ),
        )
    except pa.ArrowInvalid as error:
        raise ProjectError(
            "the database of predictions has rows in another format than"
            f" docs/reference/database.md describes: {error}"
        ) from error
    return {name: table[name].combine_chunks() for name in types}


def find_absent(texts: Any, values: Any, name: str) -> NDArray[np.bool_]:
    """Return the rows without a value because the key itself is absent.

    The service leaves out features in IRIS_DATABASE_OMIT. That is not the same as a
    missing value, which is null.

    Args:
        texts: JSON objects, as a pyarrow array of texts.
        values: The array that ``parse`` found for the key.
        name: The key.
    """
    absent = np.asarray(values.is_null())
    if absent.any():
        rows = np.flatnonzero(absent)
        key = f"{json.dumps(name)}:"
        absent[rows] = ~np.asarray(pc.match_substring(texts.take(rows), key))
    return absent
