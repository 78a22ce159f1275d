"""The side of a row, training or held out, as a function of its content alone."""

import json
from hashlib import blake2b

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def is_held_out(
    features: pd.DataFrame, salt: str, test_size: float
) -> NDArray[np.bool_]:
    """Decide for each row whether it is held out.

    Only the features count: rows with equal measurements stay together even when
    their labels differ, so no held-out row has a duplicate in training.

    Args:
        features: Columns in a fixed order, of numbers or texts; values may be missing.
        salt: Another salt reshuffles all rows.
        test_size: Expected share of held-out rows.

    Returns:
        Array of shape (n_rows,).
    """
    key = blake2b(salt.encode(), digest_size=32).digest()
    hashes = [
        int.from_bytes(blake2b(row, key=key, digest_size=8).digest(), "big")
        for row in _write_rows(features)
    ]
    return np.array(hashes, dtype=np.uint64) < np.uint64(test_size * 2**64)


def _write_rows(features: pd.DataFrame) -> list[bytes]:
    """Write each row as bytes that are equal if, and only if, its values are."""
    numbers = features.select_dtypes("number")
    # Adding 0.0 turns -0.0 into 0.0, which is equal and must hash equally.
    values = np.ascontiguousarray(numbers.to_numpy("<f8") + 0.0)
    values[np.isnan(values)] = np.nan  # of its many forms, one
    rows = [row.tobytes() for row in values]
    texts = features.drop(columns=numbers.columns)
    if not len(texts.columns):
        return rows
    written = texts.astype(object).where(texts.notna(), None).to_numpy()
    return [
        row + json.dumps(text.tolist()).encode()
        for row, text in zip(rows, written, strict=True)
    ]
