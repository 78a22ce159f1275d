"""Observations as rows of the table of predictions."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import repeat
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.database.tables import predictions
from serving.model.contract import Contract
from serving.model.features import Feature, Number
from serving.model.onnx_model import Model, Prediction
from serving.monitoring.observers import Observation

COLUMNS = tuple(column.name for column in predictions.columns)
NO_OTHER = (None, None, None)

Row = tuple[Any, ...]  # a value for each of COLUMNS


class StoredFeatures:
    """The features of a model that are stored."""

    def __init__(self, features: Sequence[Feature], omitted: frozenset[str]) -> None:
        places = [i for i, each in enumerate(features) if each.name not in omitted]
        self._features = [features[place] for place in places]
        self._names = tuple(feature.name for feature in self._features)
        self._places = places if len(places) < len(features) else None
        self._are_numbers = all(type(each) is Number for each in self._features)

    def encode(self, rows: NDArray[np.float32]) -> list[str]:
        """Return the values of each row as JSON, as clients know them."""
        if self._places is not None:
            rows = rows[:, self._places]
        if self._are_numbers:
            return _write_objects(self._names, rows)
        return [
            orjson.dumps(
                {
                    feature.name: feature.show_value(number)
                    for feature, number in zip(self._features, row, strict=True)
                }
            ).decode()
            for row in rows
        ]


class RowEncoder:
    """Writes each observed row as the table has it.

    Args:
        omitted: Names of features that are never stored.
    """

    def __init__(self, omitted: frozenset[str]) -> None:
        self._omitted = omitted
        self._model: Model | None = None
        self._features = StoredFeatures((), frozenset())

    def encode(self, observation: Observation) -> list[Row]:
        """Return the rows of an observation."""
        model = observation.model
        if model is not self._model:
            self._features = StoredFeatures(model.contract.features, self._omitted)
            self._model = model
        features = self._features.encode(observation.rows)
        answers = _encode_answers(model.contract, observation.prediction)
        rows = zip(features, answers, _encode_others(observation), strict=True)
        common = (
            observation.time,
            model.version.name,
            model.version.version,
            observation.arm,
            observation.request_id,
            observation.route,
        )
        prediction_id = observation.prediction_id
        return [
            (prediction_id, index, *common, values, *answer, *other)
            for index, (values, answer, other) in enumerate(rows)
        ]


def _encode_answers(contract: Contract, prediction: Prediction) -> list[Row]:
    """Return the class of each row, and its probabilities as JSON."""
    probabilities = _write_objects(contract.classes, prediction.probabilities)
    return list(zip(prediction.labels.tolist(), probabilities, strict=True))


def _encode_others(observation: Observation) -> Iterable[Row]:
    """Return version and answer of the model beside the one that answered."""
    other = observation.other
    if other is None:
        return repeat(NO_OTHER, len(observation.rows))
    version = other.model.version.version
    answers = _encode_answers(other.model.contract, other.prediction)
    return [(version, *answer) for answer in answers]


def _write_objects(names: tuple[str, ...], matrix: NDArray[Any]) -> list[str]:
    """Write each row of a matrix as a JSON object, with NaN as null.

    orjson writes the numbers, all at once and float32 as short as possible: several
    times faster than one object after the other.
    """
    if not names:
        return ["{}"] * len(matrix)
    option = orjson.OPT_SERIALIZE_NUMPY
    if not matrix.flags.c_contiguous:
        matrix = np.ascontiguousarray(matrix)
    text = orjson.dumps(matrix, option=option).decode()
    pattern = _write_pattern(names)
    rows = text.removeprefix("[[").removesuffix("]]").split("],[")
    return [pattern % tuple(row.split(",")) for row in rows]


@lru_cache(maxsize=16)
def _write_pattern(names: tuple[str, ...]) -> str:
    """Return an object of JSON with a place for each value."""
    fields = (orjson.dumps(name).decode().replace("%", "%%") for name in names)
    return "{" + ",".join(f"{field}:%s" for field in fields) + "}"
