"""Validates raw files against the feature specification."""

import re
import warnings
from io import BytesIO
from typing import Any, NoReturn

import pandas as pd
import pandera.pandas as pa
from kedro.validation import CheckFailure, DataValidationError

from iris_kedro.specification import Dataset
from iris_kedro.specification.data.features import Boolean, Category, Feature, Integer

from .key_validation import FIRST_ROW, SHOWN_FAILURES, check_keys
from .keys import find_key_columns
from .reading import (
    NUMBER,
    find_columns,
    guess_encoding,
    read_classes,
    read_feature,
    read_names,
    read_time_texts,
)


def build_model(dataset: Dataset, names: dict[str, str]) -> pa.DataFrameSchema:
    """Build the pandera model of a raw file whose texts have been converted.

    Missing values are allowed here; ``clean`` counts and drops them.
    """
    columns = {
        names[name]: _build_column(feature)
        for name, feature in dataset.features.items()
    }
    columns[names[dataset.target.name]] = _one_of(dataset.target.classes)
    return pa.DataFrameSchema(columns)


def _build_column(feature: Feature) -> pa.Column:
    if isinstance(feature, Category):
        accepts_all = feature.unknown == "accept"
        return _any_text() if accepts_all else _one_of(feature.categories)
    if isinstance(feature, Boolean):
        return _number(pa.Check.isin([0.0, 1.0]))
    checks = [pa.Check.in_range(feature.minimum, feature.maximum)]
    if isinstance(feature, Integer):
        checks.append(pa.Check(lambda values: values == values.round()))
    return _number(*checks)


def _number(*checks: pa.Check) -> pa.Column:
    return pa.Column(float, list(checks), coerce=True, nullable=True)


def _any_text(*checks: pa.Check) -> pa.Column:
    return pa.Column(object, list(checks), coerce=True, nullable=True)


def _one_of(names: list[str]) -> pa.Column:
    return _any_text(pa.Check.isin(names))


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
        if failures := check_keys(data, self._dataset, target, self._file):
            self._fail(failures)
        model = build_model(self._dataset, names)
        try:
            return model.validate(self._read(data, names), lazy=True)
        except pa.errors.SchemaErrors as errors:
            cases = errors.failure_cases
            self._fail(self._describe(cases, data, names), errors)

    def _read(self, data: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
        target, load_args = self._dataset.target, self._dataset.load_args
        read = data.copy()
        for name, feature in self._dataset.features.items():
            column = names[name]
            read[column] = read_feature(data[column], feature, load_args)
        column = names[target.name]
        read[column] = read_classes(data[column], target.classes)
        if self._dataset.split.method != "hash":
            (key,) = find_key_columns(data, self._dataset)
            if key not in names.values():
                is_time = self._dataset.split.method == "time"
                read[key] = (
                    read_time_texts(data[key], load_args)
                    if is_time
                    else read_names(data[key], [])
                )
        return read

    def _find_columns(self, data: pd.DataFrame) -> dict[str, str]:
        found = find_columns(data, self._dataset)
        missing = [name for name, columns in found.items() if not columns]
        if missing:
            self._fail(
                [
                    CheckFailure(
                        f"{self._file} has no column {self._header(name)!r};"
                        f" it has {', '.join(map(repr, data.columns))}"
                    )
                    for name in missing
                ]
            )
        doubled = [name for name, columns in found.items() if len(columns) > 1]
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
        return {name: columns[0] for name, columns in found.items()}

    def _describe(
        self, cases: pd.DataFrame, data: pd.DataFrame, names: dict[str, str]
    ) -> list[CheckFailure]:
        features = {names[name]: each for name, each in self._dataset.features.items()}
        # A value that is not a number fails twice: in the conversion and the range.
        first = cases.dropna(subset=["index"]).drop_duplicates(["column", "index"])
        return [
            CheckFailure(
                f"{self._file} row {int(case['index']) + FIRST_ROW} has"
                f" {self._show(data.at[case['index'], case['column']], feature)},"
                f" expected {self._expect(feature)}",
                column=case["column"],
            )
            for case in first.sort_values("index")[:SHOWN_FAILURES].to_dict("records")
            for feature in [features.get(case["column"])]
        ]

    def _expect(self, feature: Feature | None) -> str:
        if feature is None:
            return f"one of {', '.join(map(repr, self._dataset.target.classes))}"
        return feature.expect()

    @staticmethod
    def _show(value: object, feature: Feature | None) -> str:
        text = str(value).strip()
        if feature is None or feature.is_category:
            return repr(text)
        is_number = re.fullmatch(NUMBER, text, re.ASCII)
        return f"{float(text):.15g}" if is_number else repr(text)

    def _header(self, name: str) -> str:
        described = {
            **self._dataset.features,
            self._dataset.target.name: self._dataset.target,
        }
        return described[name].column or name

    def _fail(
        self, failures: list[CheckFailure], cause: Exception | None = None
    ) -> NoReturn:
        raise DataValidationError(
            f"{self._file} is not valid", validator=self._origin, failures=failures
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
        """Return the bytes unchanged.

        Raises:
            DataValidationError: Names the source and each bad row, column and value.
        """
        try:
            with warnings.catch_warnings():
                # Otherwise rows longer than the header would be read, shifted by one
                # column.
                warnings.simplefilter("error", pd.errors.ParserWarning)
                rows = pd.read_csv(BytesIO(data), **self._load_args)
        except (ValueError, pd.errors.ParserWarning) as error:
            message = f"{self._source} cannot be read as CSV: {error}"
            if isinstance(error, UnicodeError):
                encoding = guess_encoding(data)
                message += f"; try dataset.load_args: {{encoding: {encoding}}}"
            raise DataValidationError(message, validator=self._source) from error
        self._rows.validate(rows)
        return data
