"""Checks whether the source data has changed."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Self

from iris_kedro.datasets import SourceDataset


@dataclass(frozen=True)
class SourceState:
    """The state of the source at the last check.

    Attributes:
        digest: SHA-256 of the content.
        stamp: A value that changes with the content and is cheaper to read, if any.
    """

    digest: str
    stamp: str | None = None

    def dump(self) -> str:
        """Return the state as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Self:
        """Read the result of ``dump``."""
        return cls(**json.loads(text))


def read_source(dataset: SourceDataset, known: str | None) -> SourceState:
    """Return the state of the source, reading it only if it may have changed.

    Raises:
        DatasetError: If it cannot be read.
    """
    stamp = dataset.stamp()
    if known is not None and stamp is not None:
        before = SourceState.load(known)
        if before.stamp == stamp:
            return before
    return SourceState(hashlib.sha256(dataset.load()).hexdigest(), stamp)
