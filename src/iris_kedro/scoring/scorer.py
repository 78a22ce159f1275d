"""Scores batches of rows with a released model."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa

from iris_kedro.model.explanation import Explainer
from iris_kedro.scoring.bins import ReferenceBins
from iris_kedro.scoring.counts import Counts
from iris_kedro.scoring.explaining import explain_predictions
from iris_kedro.scoring.output import Output, add_ids, list_rejects
from iris_kedro.scoring.predictions import LoadedModel, Predictions
from iris_kedro.scoring.records import name_prediction
from iris_kedro.scoring.rows import Batch
from iris_kedro.scoring.validation import (
    Issue,
    Validator,
    find_out_of_range,
    to_tensors,
)

# Rows that are sampled in one part are not at the same places as those of the next.
STRIDE = 7919
UNREADABLE = "unreadable row"


class InvalidRowsError(ValueError):
    """Some rows are invalid, and the user wants none to be."""

    def __init__(self, issues: list[Issue]) -> None:
        super().__init__(issues)
        self.issues = issues


class Scored(NamedTuple):
    """The result for a batch."""

    scores: pa.RecordBatch
    rejects: pa.RecordBatch
    counts: Counts
    values: Mapping[str, pa.Array]
    predictions: Predictions


@dataclass(frozen=True)
class Scorer:
    """A released model and how its scores are written; can be sent to other processes.

    Attributes:
        content: The ONNX file, which contains the contract.
        version: The version of the model.
        layout: See ``Validator``.
        text: See ``Validator``.
        columns: The columns of the input that are kept, in their order.
        on_invalid: What happens to invalid rows.
        every: Of this number of rows, one is counted in the bins that show drift.
        run: Identifies rows and model, if predictions have ids; see ``records``.
        explain: Whether the contributions of the features are added.
    """

    content: bytes
    version: str
    layout: Literal["contract", "source"]
    text: bool
    columns: tuple[str, ...]
    on_invalid: Literal["reject", "fail"]
    every: int
    run: str | None = None
    explain: bool = False

    def check(self) -> None:
        """Check that columns have no names of scores, and that rows can be explained.

        Raises:
            ProjectError: If not.
        """
        self.output.check()
        if self.explain:
            self._create_explainer()

    def __call__(self, batch: Batch, part: int, first: int) -> Scored:
        """Check, predict and count a batch.

        Args:
            batch: The rows.
            part: Number of the part that they are from.
            first: Number of valid rows in the part before these.

        Raises:
            InvalidRowsError: If a row is invalid, and ``on_invalid`` is "fail".
        """
        checked = self._validator.check(batch)
        if checked.issues and self.on_invalid == "fail":
            raise InvalidRowsError(checked.issues)
        contract = self._model.contract
        tensors = to_tensors(checked.columns, contract)
        predictions = self._model.predict(tensors)
        flags = find_out_of_range(checked.columns, contract)
        rows, sampled = batch.rows, (batch.numbers + STRIDE * part) % self.every == 0
        if checked.issues:
            rows = rows.filter(pa.array(checked.accepted))
            sampled = sampled[checked.accepted]
        features, answers = self._bins.count(checked.columns, predictions, sampled)
        kinds = [
            f"{each.column}: {each.code}" if each.column else UNREADABLE
            for each in checked.issues
        ]
        names = [each.name for each in contract.features]
        unusual = zip(names, flags.sum(axis=0).tolist(), strict=True)
        contributions = None
        if self.explain:
            places = np.asarray(predictions.labels.indices, np.int64)
            contributions = explain_predictions(self._explainer, tensors, places)
        unusual_rows = np.any(flags, axis=1)
        scores = self.output.build(rows, predictions, unusual_rows, contributions)
        if self.run is not None:
            scores = add_ids(scores, name_prediction(self.run, part), first)
        return Scored(
            scores,
            list_rejects(checked.issues),
            Counts(
                rows=len(batch.numbers) + len(batch.unreadable),
                scored=rows.num_rows,
                predictions=_count_labels(predictions.labels),
                confidence=float(predictions.confidences.sum(dtype=float)),
                rejected=Counter(kinds),
                out_of_range=Counter(dict(unusual)),
                features=features,
                answers=answers,
            ),
            checked.columns,
            predictions,
        )

    @cached_property
    def output(self) -> Output:
        """The columns of the scores."""
        contract = self._model.contract
        explained = list(contract.inputs) if self.explain else []
        classes = contract.target.classes
        return Output(self.columns, classes, self.version, explained)

    @cached_property
    def _model(self) -> LoadedModel:
        return LoadedModel(self.content)

    @cached_property
    def _explainer(self) -> Explainer:
        return self._create_explainer()

    def _create_explainer(self) -> Explainer:
        model = self._model
        return Explainer(model.contract, lambda rows: model.predict(rows).probabilities)

    @cached_property
    def _validator(self) -> Validator:
        return Validator(self._model.contract, self.layout, self.text)

    @cached_property
    def _bins(self) -> ReferenceBins:
        return ReferenceBins.of(self._model.contract)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what each process makes for itself."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def _count_labels(labels: pa.DictionaryArray) -> Counter[str]:
    names = labels.dictionary.to_pylist()
    counts = np.bincount(np.asarray(labels.indices), minlength=len(names))
    return +Counter(dict(zip(names, counts.tolist(), strict=True)))
