"""The side of a row, training or held out, as a function of its content alone."""

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
        features: Numeric columns in a fixed order.
        salt: Another salt reshuffles all rows.
        test_size: Expected share of held-out rows.

    Returns:
        Array of shape (n_rows,).
    """
    # Adding 0.0 turns -0.0 into 0.0, which is equal and must hash equally.
    values = np.ascontiguousarray(features.to_numpy("<f8") + 0.0)
    key = blake2b(salt.encode(), digest_size=32).digest()
    hashes = [
        int.from_bytes(blake2b(row.tobytes(), key=key, digest_size=8).digest(), "big")
        for row in values
    ]
    return np.array(hashes, dtype=np.uint64) < np.uint64(test_size * 2**64)
