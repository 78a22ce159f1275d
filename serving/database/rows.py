"""Observations as rows of the table of predictions."""

from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import orjson
from numpy.typing import NDArray

from serving.database.tables import predictions
from serving.model.contract import Contract
from serving.model.features import Number
from serving.model.onnx_model import Model, Prediction
from serving.monitoring.observers import Observation

COLUMNS = tuple(column.name for column in predictions.columns)

NO_OTHER = (None, None, None)

Row = tuple[Any, ...]  # a value for each of COLUMNS
Show = Callable[[Any], Any]


class RowEncoder:
    """Writes each observed row as the table has it.

    Args:
        omitted: Names of features that are never stored.
    """

    def __init__(self, omitted: frozenset[str]) -> None:
        self._omitted = omitted
        self._model: Model | None = None
        self._shown: list[tuple[str, int, Show | None]] = []

    def encode(self, observation: Observation) -> Iterator[Row]:
        """Yield the rows of an observation."""
        model = observation.model
        if model is not self._model:
            self._shown = self._choose_features(model.contract)
            self._model = model
        common = (
            observation.time,
            model.version.name,
            model.version.version,
            observation.arm,
            observation.request_id,
            observation.route,
        )
        rows = zip(
            observation.rows,
            _encode_answers(model.contract, observation.prediction),
            _encode_others(observation),
            strict=True,
        )
        for index, (row, answer, other) in enumerate(rows):
            features = _encode_features(self._shown, row)
            yield (
                observation.prediction_id,
                index,
                *common,
                features,
                *answer,
                *other,
            )

    def _choose_features(
        self, contract: Contract
    ) -> list[tuple[str, int, Show | None]]:
        """Return name and place of what is stored, and how it is shown if not as is."""
        return [
            # orjson writes float32 as short as show_value would, several times faster,
            # and NaN as null.
            (each.name, place, None if type(each) is Number else each.show_value)
            for place, each in enumerate(contract.features)
            if each.name not in self._omitted
        ]


def _encode_features(
    shown: list[tuple[str, int, Show | None]], row: NDArray[Any]
) -> str:
    values = {
        name: show(row[place]) if show else row[place] for name, place, show in shown
    }
    return _to_json(values)


def _encode_answers(contract: Contract, prediction: Prediction) -> Iterator[Row]:
    """Yield the class of each row, and its probabilities as JSON."""
    rows = zip(prediction.labels.tolist(), prediction.probabilities, strict=True)
    for label, probabilities in rows:
        yield label, _to_json(dict(zip(contract.classes, probabilities, strict=True)))


def _encode_others(observation: Observation) -> Iterator[Row]:
    """Yield version and answer of the model beside the one that answered."""
    other = observation.other
    if other is None:
        yield from repeat(NO_OTHER, len(observation.rows))
        return
    version = other.model.version.version
    for answer in _encode_answers(other.model.contract, other.prediction):
        yield version, *answer


def _to_json(values: dict[str, Any]) -> str:
    return orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY).decode()
