"""The predictions of a service, as they come from its database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from iris_kedro.gate.release import ReleasedModel


class Chunk(NamedTuple):
    """Some predicted rows; all sequences are equally long.

    Attributes:
        times: When they were predicted, in seconds since the epoch.
        features: Their values by name, as JSON.
        predictions: The classes that the model answered.
        probabilities: Their probabilities by class, as JSON.
        labels: The classes that turned out to be right; None where it is not known.
    """

    times: Sequence[float]
    features: Sequence[str]
    predictions: Sequence[str]
    probabilities: Sequence[str]
    labels: Sequence[str | None]


@dataclass(frozen=True)
class ServedPredictions:
    """What the Production version has answered.

    Attributes:
        model: The version in Production.
        newest_version: The version that answered the newest prediction of this model.
        chunks: The rows that Production answered, in no particular order; read from the
            database when they are iterated over.
    """

    model: ReleasedModel
    newest_version: str
    chunks: Iterable[Chunk]
