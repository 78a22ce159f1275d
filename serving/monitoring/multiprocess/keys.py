"""The keys of values in prometheus_client's files."""

import json
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from prometheus_client.mmap_dict import MmapedDict

# Labels whose values are model versions.
VERSION_LABELS = ("version", "other", "shadow")

# Errors that a damaged file raises: an impossible length or text.
DAMAGE = (RuntimeError, ValueError, struct.error)


class Entry(NamedTuple):
    """A value in a file."""

    key: str
    labels: dict[str, str]
    value: float


def read_entries(path: Path) -> Iterator[Entry]:
    """Yield the values of a file.

    Raises:
        OSError: If it cannot be read.
        RuntimeError, ValueError, struct.error: If it is damaged.
    """
    if path.stat().st_size == 0:
        return  # it has just been created, or there was no space for more
    for key, value, *_ in MmapedDict.read_all_values_from_file(str(path)):
        yield Entry(key, parse_labels(key), value)


def parse_labels(key: str) -> dict[str, str]:
    """Return the labels of a series.

    Raises:
        ValueError: If prometheus_client cannot have written this key.
    """
    match json.loads(key):
        case [str(), str(), dict(labels), str()]:
            return labels
    raise ValueError(f"not the key of a series: {key!r}")


def find_versions(labels: Mapping[str, str]) -> set[str]:
    """Return the model versions in the labels of a series."""
    return {labels[name] for name in VERSION_LABELS if name in labels}
