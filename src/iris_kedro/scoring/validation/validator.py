"""The check of batches."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from iris_kedro.errors import ProjectError
from iris_kedro.model.contract import Contract
from iris_kedro.model.contract_features import (
    BooleanContract,
    FeatureContract,
    NumberContract,
)
from iris_kedro.scoring.rows import Batch
from iris_kedro.scoring.validation.cells import Spelling
from iris_kedro.scoring.validation.discrete import BooleanCheck, CategoryCheck
from iris_kedro.scoring.validation.explaining import explain_column
from iris_kedro.scoring.validation.headers import find_named, find_source, is_source
from iris_kedro.scoring.validation.issues import Issue
from iris_kedro.scoring.validation.numbers import NumberCheck
from iris_kedro.scoring.validation.values import Check, Converted

Layout = Literal["contract", "source"]


class Checked(NamedTuple):
    """What is accepted of a batch.

    Attributes:
        accepted: Whether each row is accepted, of shape (n_rows,).
        columns: The values of accepted rows by feature, with null for missing ones:
            numbers as float64, booleans as bool, categories as a dictionary of strings.
            Unknown categories keep their text.
        issues: What is wrong with the others, in the order of rows and features.
    """

    accepted: NDArray[np.bool_]
    columns: dict[str, pa.Array]
    issues: list[Issue]


class Validator:
    """Checks rows against a contract, as the service does.

    Typed columns are read as the service reads JSON: neither text nor a boolean is a
    number. Cells of CSV are read as it reads CSV.

    Args:
        contract: The contract.
        layout: Whether columns have the names of the contract, or the headers of the
            file that the model was trained on, in any spelling. Others are ignored.
        text: Whether columns of text are cells of CSV.

    Raises:
        ProjectError: If the contract does not say how that file is written.
    """

    def __init__(
        self, contract: Contract, layout: Layout = "contract", text: bool = False
    ) -> None:
        self._is_source = layout == "source"
        if self._is_source:
            _check_source(contract, text)
        spelling = Spelling.of(contract.source) if self._is_source else Spelling()
        self._headers = contract.source.columns
        self._knows_source = _knows_source(contract)
        self._text = text
        self._checks = {
            each.name: _create_check(each, spelling) for each in contract.features
        }

    def find_columns(self, names: Sequence[str]) -> list[str]:
        """Return the column of each feature, in their order.

        Raises:
            ProjectError: Says which are missing or ambiguous, and what there is.
        """
        return [names[place] for place in self._find(names)]

    def check(self, batch: Batch) -> Checked:
        """Check rows; a value that is not accepted rejects its row."""
        rows = batch.rows
        places = self._find(rows.schema.names)
        converted = {
            name: check.convert(rows.column(place), self._text)
            for (name, check), place in zip(self._checks.items(), places, strict=True)
        }
        accepted = np.ones(rows.num_rows, np.bool_)
        for each in converted.values():
            if each.accepted is not None:
                accepted &= each.accepted
        columns = {name: each.values for name, each in converted.items()}
        if not accepted.all():
            kept = pa.array(accepted)
            columns = {name: each.filter(kept) for name, each in columns.items()}
        return Checked(accepted, columns, self._explain(batch, places, converted))

    def _explain(
        self, batch: Batch, places: Sequence[int], converted: dict[str, Converted]
    ) -> list[Issue]:
        issues = [
            Issue(each.row, "", "", each.reason, "shape") for each in batch.unreadable
        ]
        for place, (name, each) in zip(places, converted.items(), strict=True):
            if each.accepted is not None:
                issues += explain_column(
                    batch.rows.schema.names[place],
                    batch.rows.column(place),
                    self._text,
                    self._checks[name],
                    np.flatnonzero(~each.accepted),
                    batch.numbers,
                )
        return sorted(issues, key=attrgetter("row"))

    def _find(self, names: Sequence[str]) -> list[int]:
        """Return the place of each feature's column."""
        features = list(self._checks)
        if self._is_source:
            return find_source(names, features, self._headers)
        try:
            return find_named(names, features)
        except ProjectError as error:
            if self._knows_source and is_source(names, features, self._headers):
                raise ProjectError(
                    f"{error}. With batch_inference.layout=source, all are found"
                ) from None
            raise


def _knows_source(contract: Contract) -> bool:
    """Return whether a contract says how its file is written: older ones do not."""
    return "source" in contract.model_fields_set


def _check_source(contract: Contract, text: bool) -> None:
    """Refuse a layout that the service refuses too.

    Raises:
        ProjectError: If the source is not known, or is text with unknown options.
    """
    if not _knows_source(contract):
        raise ProjectError(
            "layout=source needs a model that says how its file is written, which"
            f" {contract.name} does not: train it again, or leave out layout"
        )
    if text and contract.source.unsupported:
        options = ", ".join(contract.source.unsupported)
        raise ProjectError(
            f"layout=source cannot read CSV as training does, with {options}: leave out"
            " layout, and write the file with the names of the contract"
        )


def _create_check(feature: FeatureContract, spelling: Spelling) -> Check:
    if isinstance(feature, NumberContract):
        return NumberCheck(feature, spelling)
    if isinstance(feature, BooleanContract):
        return BooleanCheck(feature, spelling)
    return CategoryCheck(feature, spelling)
