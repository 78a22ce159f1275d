"""Validation of raw files, built from the feature specification."""

import re
from io import BytesIO
from typing import Any, NoReturn

import pandas as pd
import pandera.pandas as pa
from kedro.validation import CheckFailure, DataValidationError

from .dataset import Dataset

FIRST_ROW = 2  # the header is row 1 of a file
SHOWN_FAILURES = 100


def standardize_name(column: str) -> str:
    """Turn a column's name in a file into the name of a feature.

    Drops a unit in parentheses and writes words in lower case with underscores:
    ``Sepal Length (cm)`` and ``sepal-length`` become ``sepal_length``.
    """
    without_unit = re.sub(r"\(.*?\)", "", column)
    return re.sub(r"[^a-z0-9]+", "_", without_unit.lower()).strip("_")


def build_model(dataset: Dataset, names: dict[str, str]) -> pa.DataFrameSchema:
    """Build the pandera model of a raw file.

    Missing values are allowed here; ``clean`` counts and drops them.

    Args:
        dataset: The feature specification.
        names: Column in the file for each feature and for the target.
    """
    columns = {
        names[name]: pa.Column(
            float,
            pa.Check.in_range(
                feature.minimum,
                feature.maximum,
                error=f"a number from {feature.minimum:g} to {feature.maximum:g}",
            ),
            coerce=True,
            nullable=True,
        )
        for name, feature in dataset.features.items()
    }
    classes = dataset.target.classes
    columns[names[dataset.target.name]] = pa.Column(
        object,
        pa.Check.isin(classes, error=f"one of {', '.join(classes)}"),
        coerce=True,
        nullable=True,
    )
    return pa.DataFrameSchema(columns)


class RawFileValidator:
    """Checks a raw file against the feature specification.

    Declared as ``validator:`` in the catalog, so that Kedro checks every load.

    Args:
        file: Path of the file, for messages.
        dataset: The feature specification as in ``globals.yml``.
        source: Where the file was fetched from, for messages.
    """

    def __init__(self, file: str, dataset: dict[str, Any], source: str = "") -> None:
        self._file = file
        self._origin = f"{file}, fetched from {source}" if source else file
        self._dataset = Dataset.model_validate(dataset)

    def validate(self, data: pd.DataFrame) -> pd.DataFrame:
        """Return the data with numbers as numbers and classes as text.

        Raises:
            DataValidationError: Names the file and each bad row, column and value.
        """
        names = self._find_columns(data)
        if data.empty:
            self._fail([CheckFailure(f"{self._file} has a header but no rows")])
        target = names[self._dataset.target.name]
        data = data.assign(**{target: _read_labels(data[target])})
        model = build_model(self._dataset, names)
        try:
            return model.validate(data, lazy=True)
        except pa.errors.SchemaErrors as errors:
            self._fail(self._describe(errors.failure_cases, data), errors)

    def _find_columns(self, data: pd.DataFrame) -> dict[str, str]:
        found: dict[str, list[str]] = {}
        for column in map(str, data.columns):
            found.setdefault(standardize_name(column), []).append(column)
        wanted = [*self._dataset.columns, self._dataset.target.name]
        missing = [name for name in wanted if name not in found]
        if missing:
            self._fail(
                [
                    CheckFailure(
                        f"{self._file} has no column {name!r};"
                        f" it has {', '.join(map(repr, data.columns))}"
                    )
                    for name in missing
                ]
            )
        doubled = [name for name in wanted if len(found[name]) > 1]
        if doubled:
            self._fail(
                [
                    CheckFailure(
                        f"{self._file} has several columns for {name!r}:"
                        f" {', '.join(map(repr, found[name]))}"
                    )
                    for name in doubled
                ]
            )
        return {name: found[name][0] for name in wanted}

    def _describe(self, cases: pd.DataFrame, data: pd.DataFrame) -> list[CheckFailure]:
        # A value that is no number fails twice: in conversion and in the range.
        first = cases.dropna(subset=["index"]).drop_duplicates(["column", "index"])
        return [
            CheckFailure(
                f"{self._file} row {int(case['index']) + FIRST_ROW} has"
                f" {_show(data.at[case['index'], case['column']])}, expected"
                f" {self._expected(case['column'])}",
                column=case["column"],
            )
            for case in first.sort_values("index")[:SHOWN_FAILURES].to_dict("records")
        ]

    def _expected(self, column: str) -> str:
        feature = self._dataset.features.get(standardize_name(column))
        if feature is None:
            return f"one of {', '.join(self._dataset.target.classes)}"
        return f"a number from {feature.minimum:g} to {feature.maximum:g}"

    def _fail(
        self, failures: list[CheckFailure], cause: Exception | None = None
    ) -> NoReturn:
        raise DataValidationError(
            f"{self._file} is not valid",
            validator=self._origin,
            failures=failures,
        ) from cause


class SourceValidator:
    """Checks the bytes of a source before they replace the raw file.

    Args:
        source: Where they come from, for messages.
        dataset: The feature specification as in ``globals.yml``.
        load_args: How the raw file is read, as in the catalog.
    """

    def __init__(
        self, source: str, dataset: dict[str, Any], load_args: dict[str, Any]
    ) -> None:
        self._source = source
        self._rows = RawFileValidator(source, dataset)
        self._load_args = load_args

    def validate(self, data: bytes) -> bytes:
        """Return the bytes as they are.

        Raises:
            DataValidationError: Names the source and each bad row, column and value.
        """
        try:
            rows = pd.read_csv(BytesIO(data), **self._load_args)
        except ValueError as error:
            message = f"{self._source} cannot be read as CSV: {error}"
            raise DataValidationError(message, validator=self._source) from error
        self._rows.validate(rows)
        return data


def _read_labels(values: "pd.Series[Any]") -> "pd.Series[Any]":
    # pandas reads classes such as 0 and 1 as numbers; with one missing, as 0.0 and 1.0.
    if pd.api.types.is_numeric_dtype(values):
        return values.convert_dtypes().astype("str")
    return values


def _show(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)
