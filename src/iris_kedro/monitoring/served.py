"""The predictions of a service, as read from its database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from iris_kedro.gate.release import ReleasedModel


class Chunk(NamedTuple):
    """A chunk of predicted rows; all sequences have the same length.

    Attributes:
        times: Times of the predictions, in seconds since the epoch.
        features: Values by name, as JSON.
        predictions: Predicted classes.
        probabilities: Probabilities by class, as JSON.
        labels: Correct classes; None if unknown.
    """

    times: Sequence[float]
    features: Sequence[str]
    predictions: Sequence[str]
    probabilities: Sequence[str]
    labels: Sequence[str | None]


@dataclass(frozen=True)
class ServedPredictions:
    """The predictions of the version in Production.

    Attributes:
        model: The version in Production.
        newest_version: The version that answered the newest prediction of this model.
        chunks: The rows that Production answered, in no particular order; read from the
            database when they are iterated over.
    """

    model: ReleasedModel
    newest_version: str
    chunks: Iterable[Chunk]
