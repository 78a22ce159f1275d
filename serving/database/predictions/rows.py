"""Converts observations to rows of the predictions table."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from serving.database.tables import predictions
from serving.model.features import Feature, Number
from serving.model.onnx_model import Model, Prediction
from serving.monitoring.observations import Observation, join

COLUMNS = tuple(column.name for column in predictions.columns)
ROWS_AT_ONCE = 2000  # encoded together

NO_TIMES = (None, None)  # a model without a partner is not timed

Row = tuple[Any, ...]  # a value for each of COLUMNS


class StoredFeatures:
    """The stored features of a model."""

    def __init__(self, features: Sequence[Feature], omitted: frozenset[str]) -> None:
        places = [i for i, each in enumerate(features) if each.name not in omitted]
        self._features = [features[place] for place in places]
        self._names = tuple(feature.name for feature in self._features)
        self._places = places if len(places) < len(features) else None
        self._are_numbers = all(type(each) is Number for each in self._features)

    def encode(self, rows: NDArray[np.float32]) -> list[str]:
        """Return the values of each row as JSON, as clients send them."""
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
    """Encodes observed rows for the table.

    The rows of all requests to the same models are encoded together, because calling
    NumPy for each request would take most of the time.
    """

    def __init__(self, omitted: frozenset[str]) -> None:
        self._omitted = omitted

    def encode(self, observations: Iterable[Observation]) -> Iterator[Row]:
        """Yield the rows of observations, grouped by their models."""
        groups: dict[tuple[int, int, bool], list[Observation]] = {}
        for each in observations:
            other = each.other.model if each.other else None
            has_failed = each.other is not None and each.other.prediction is None
            models = id(each.model), id(other), has_failed
            groups.setdefault(models, []).append(each)
        for group in groups.values():
            yield from self._encode(group)

    def _encode(self, observations: list[Observation]) -> Iterator[Row]:
        """Yield the rows of the same models."""
        version = observations[0].model.version
        predicted = self._encode_rows(observations)
        for each in observations:
            common = (
                each.time,
                version.name,
                version.version,
                each.arm,
                each.request_id,
                each.route,
            )
            times = (each.seconds, each.other.seconds) if each.other else NO_TIMES
            for index in range(len(each.rows)):
                yield each.prediction_id, index, *common, *next(predicted), *times

    def _encode_rows(self, observations: list[Observation]) -> Iterator[Row]:
        """Yield features and predictions of rows, encoded in chunks to limit memory."""
        model, other = observations[0].model, observations[0].other
        features = StoredFeatures(model.contract.features, self._omitted)
        rows = np.concatenate([each.rows for each in observations])
        own = _JoinedPredictions(model, (each.prediction for each in observations))
        beside = _JoinedPredictions.of_others(observations)
        for start in range(0, len(rows), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            texts = features.encode(rows[part])
            columns: list[Sequence[str | None]] = [texts, *own.write(part)]
            nulls = [None] * len(texts)
            columns.append(
                [other.model.version.version] * len(texts) if other else nulls
            )
            columns += beside.write(part) if beside else [nulls, nulls]
            yield from zip(*columns, strict=True)


class _JoinedPredictions:
    """The predictions of one model for many rows."""

    def __init__(self, model: Model, predictions: Iterable[Prediction]) -> None:
        self._classes = model.contract.classes
        self._joined = join(predictions)

    @classmethod
    def of_others(cls, observations: list[Observation]) -> "_JoinedPredictions | None":
        """Return those of the other model; None if there is none or it failed."""
        others = [each.other for each in observations if each.other]
        predictions = [each.prediction for each in others if each.prediction]
        return cls(others[0].model, predictions) if predictions else None

    def write(self, part: slice) -> tuple[list[str], list[str]]:
        """Return the classes of some rows, and their probabilities as JSON."""
        probabilities = self._joined.probabilities[part]
        texts = _write_objects(self._classes, probabilities)
        return self._joined.labels[part].tolist(), texts


def _write_objects(names: tuple[str, ...], matrix: NDArray[Any]) -> list[str]:
    """Write each row of a matrix as a JSON object, with NaN as null.

    orjson writes all numbers at once, and float32 as short as possible. This is several
    times faster than writing one object after another.
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
    """Return a JSON object with a placeholder for each value."""
    fields = (orjson.dumps(name).decode().replace("%", "%%") for name in names)
    return "{" + ",".join(f"{field}:%s" for field in fields) + "}"
