"""Runs river's ADWIN over streams, in a separate environment without the project.

    python adwin.py STREAMS.npy    # of shape (n_streams, n_rows)

Prints the rows after which ADWIN detected a change, as a list for each stream.
"""

import json
import sys

import numpy as np
from river.drift import ADWIN


def find_changes(stream):
    """Return the indices of the rows after which ADWIN reports a change."""
    detector, found = ADWIN(), []  # with its default, delta = 0.002
    for row, value in enumerate(stream.tolist()):
        detector.update(value)
        if detector.drift_detected:
            found.append(row)
    return found


if __name__ == "__main__":
    json.dump([find_changes(stream) for stream in np.load(sys.argv[1])], sys.stdout)
