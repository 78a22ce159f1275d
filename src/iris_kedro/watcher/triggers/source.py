"""Whether the data has changed at its source."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Self

from iris_kedro.datasets import SourceDataset


@dataclass(frozen=True)
class SourceState:
    """The source, as it was when it was looked at.

    Attributes:
        digest: SHA-256 of its content.
        stamp: What changes with the content and is cheaper to ask for, if anything.
    """

    digest: str
    stamp: str | None = None

    def dump(self) -> str:
        """Write it as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> Self:
        """Read what ``dump`` has written."""
        return cls(**json.loads(text))


def read_source(dataset: SourceDataset, known: str | None) -> SourceState:
    """Look at the source; it is read only if it may have changed.

    Args:
        dataset: The source.
        known: What ``SourceState.dump`` has said of it before.

    Raises:
        DatasetError: If it cannot be read.
    """
    stamp = dataset.stamp()
    if known is not None and stamp is not None:
        before = SourceState.load(known)
        if before.stamp == stamp:
            return before
    return SourceState(hashlib.sha256(dataset.load()).hexdigest(), stamp)
