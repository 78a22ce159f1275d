"""Training and the service read the same CSV alike, though they share no code."""

import csv
import io
import re
from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kedro.validation import DataValidationError

import iris_kedro.model.contract as written
from iris_kedro.model.source import describe_source
from iris_kedro.pipelines.data_science.export.feature_contracts import describe_feature
from iris_kedro.specification import Dataset
from iris_kedro.tables.reading import build_load_args, find_columns
from iris_kedro.tables.texts import standardize_name as standardize_in_training
from iris_kedro.tables.validation import RawFileValidator
from serving.model.contract.contract import Contract
from serving.schemas.csv_rows import header as service
from serving.schemas.csv_rows import read_source
from serving.schemas.issues import InvalidInputError
from serving.schemas.rows import RowReader

NUMBER = {"minimum": -1000, "maximum": 1000, "nullable": True}
NAMES = ["1", "2", "NA", "Südost", " x", 'a "b"; c', "two\nlines", "two\r\nlines"]
PORT = {"type": "category", "categories": NAMES, "nullable": True}
FEATURES = {
    "number": NUMBER,
    "integer": {**NUMBER, "type": "integer"},
    "boolean": {"type": "boolean", "nullable": True},
    "category": PORT,
    "any_category": {**PORT, "unknown": "accept"},
}
WRITTEN = {
    "plainly": {},
    "with a decimal comma": {"sep": ";", "decimal": ",", "thousands": "."},
    "with blanks in numbers": {"delimiter": "\t", "thousands": " "},
    "with marks for missing values": {"na_values": ["?", " -", "yes"]},
    "by old Windows": {"encoding": "cp1252", "sep": ";", "decimal": ","},
}
TELLING = [
    *("", " ", "NA", "N/A", "NaN", "nan", "NAN", "-nan", "null", "NULL", "None"),
    *("?", "-", " -", "? ", "<NA>", "na", "none", "True", "FALSE", "t", "f", "yes"),
    *("No", "y", "n", "on"),
    *("1", "0", "1.0", "0.0", "1.00", "01", "2.0", " 3 ", "\xa03", "3\x1f", "-1"),
    *("+1", "1.", ".5", ".", "1e2", "1E-2", "1e", "1e400", "inf", "-inf", "Infinity"),
    *("1,5", "1.5", "1.234,5", "1,234.5", "1 234", ". 5", "n.an", ".,", "1_0", "0x1"),
    *("\u0662", "\uff11", '"1"', '"', "1;5", "1\t5", "#2", "1000", "1000.0001", "1d2"),
    *NAMES,
]
CELLS = st.lists(
    st.one_of(
        st.sampled_from(TELLING),
        st.floats().map(repr),
        st.integers(-2000, 2000).map(str),
        st.text("0123456789.,eE+-\"' ainfNA_\xa0\u0663\r\n;\t", max_size=6),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
    ),
    min_size=1,
    max_size=30,
)


def describe(features, load_args=None, **target) -> Dataset:
    return Dataset.model_validate(
        {
            "name": "table",
            "source": "table.csv",
            "load_args": load_args or {},
            "target": {"name": "label", "classes": ["a", "b"], **target},
            "features": features,
        }
    )


def build_reader(dataset: Dataset) -> RowReader:
    """Read the contract as the service does that training would write."""
    values = {
        "category": ["1", "NA"],
        "boolean": [0.0, 1.0],
        "number": [1.0, 2.0],
        "integer": [1.0, 2.0],
    }
    shown = {"category": "1", "boolean": True, "number": 1.0, "integer": 1}
    contract = written.Contract(
        name=dataset.name,
        candidate="",
        data_digest="",
        features=[
            describe_feature(name, feature, pd.Series(values[feature.type]))
            for name, feature in dataset.features.items()
        ],
        target=written.TargetContract(
            name="label", description="", classes=["a", "b"], training_counts=[1, 1]
        ),
        golden_rows=written.GoldenRows(
            inputs=[[shown[each.type] for each in dataset.features.values()]],
            predictions=["a"],
            probabilities=[[1, 0]],
            tolerance=0,
        ),
        split=written.SplitContract(salt="", test_size=0.5),
        metrics={},
        source=describe_source(dataset),
    )
    return RowReader(Contract.from_json(contract.model_dump_json()), max_rows=1000)


def write(cells: list[str], load_args: dict, quoting: int) -> bytes:
    text = io.StringIO()
    separator = load_args.get("delimiter") or load_args.get("sep", ",")
    writer = csv.writer(text, delimiter=separator, quoting=quoting)
    writer.writerows([["Number (of it)", "label"], *([cell, "a"] for cell in cells)])
    return text.getvalue().encode(load_args.get("encoding", "utf-8"), "replace")


def read_in_training(body: bytes, dataset: Dataset) -> pd.DataFrame:
    data = pd.read_csv(BytesIO(body), **build_load_args(dataset.load_args))
    validator = RawFileValidator("table.csv", dataset.model_dump())
    return validator.validate(data)


def find_refused_in_training(body: bytes, dataset: Dataset) -> set[int]:
    try:
        read_in_training(body, dataset)
    except DataValidationError as error:
        if "has a header but no rows" in error.failures[0].message:
            return set()
        rows = [
            re.match(r"table.csv row (\d+) has", f.message)[1] for f in error.failures
        ]
        return set(map(int, rows))
    return set()


def find_refused_by_the_service(body: bytes, reader: RowReader) -> set[int]:
    try:
        read_source(body, reader)
    except InvalidInputError as error:
        return {issue.row for issue in error.issues}
    return set()


def to_matrix(values: pd.Series, feature) -> np.ndarray:
    """Return what training read as the service's matrix has it."""
    if not feature.is_category:
        return values.to_numpy(np.float32)
    codes = {name: code for code, name in enumerate(feature.categories)}
    numbers = [codes.get(each, len(codes)) for each in values]
    return np.where(values.isna(), np.nan, numbers).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("load_args", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("name", FEATURES)
@settings(max_examples=10)  # for each way to write each type
@given(cells=CELLS, quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
@example(cells=TELLING, quoting=csv.QUOTE_MINIMAL)
def test_a_cell_means_the_same(name, load_args, cells, quoting):
    dataset = describe(
        {"number": {**FEATURES[name], "column": "Number (of it)"}}, load_args
    )
    reader = build_reader(dataset)
    body = write(cells, load_args, quoting)

    refused = find_refused_by_the_service(body, reader)

    found = find_refused_in_training(body, dataset)
    assert found <= refused
    accepted = [cell for row, cell in enumerate(cells, 2) if row not in refused]
    others = [cell for row, cell in enumerate(cells, 2) if row in refused - found]
    # Training does not look for numbers out of range while some texts are no numbers.
    rest = write(others, load_args, quoting)
    assert len(find_refused_in_training(rest, dataset)) == len(others)
    if accepted:
        body = write(accepted, load_args, quoting)
        values = read_in_training(body, dataset)["Number (of it)"]
        expected = to_matrix(values, dataset.features["number"])
        np.testing.assert_array_equal(read_source(body, reader)[:, 0], expected)


HEADERS = [
    *("age", "Age", " AGE ", "Age (years)", "Age (in\nyears) ", "Age ((years)"),
    *("Age) (years", "age.1", "Fare $", "fare", "Fare", "fare (class)", "label"),
    *("Label", "", "(age)", "Größe", "bill-length", "Bill  Length_(mm)"),
]
TABLE = describe(
    {
        "age": NUMBER,
        "fare": {**NUMBER, "column": "Fare $"},
        "bill_length": NUMBER,
        "gr_e": NUMBER,
    },
    column="fare (class)",
)


@given(header=st.lists(st.one_of(st.sampled_from(HEADERS), st.text(max_size=4))))
@example(header=["fare (class)", "Fare $", "Größe"])
def test_a_header_means_the_same(header):
    columns = find_columns(pd.DataFrame(columns=header), TABLE)
    source = describe_source(TABLE)

    places = service.find_columns(header, TABLE.columns, source.columns)

    found = {name: [header[place] for place in each] for name, each in places.items()}
    expected = {name: columns[name] for name in TABLE.columns}
    if not expected["fare"]:  # the name in the contract is better than nothing
        expected["fare"] = [column for column in header if column == "fare"]
    assert found == expected


@pytest.mark.parametrize("header", HEADERS)
def test_a_spelling_means_the_same(header):
    assert service.standardize_name(header) == standardize_in_training(header)


@given(st.text("aB1_ ()\n-éß²"))
def test_any_spelling_means_the_same(header):
    assert service.standardize_name(header) == standardize_in_training(header)


@pytest.mark.parametrize(
    "lines",
    [
        ["age,label", "1,a", "x,a"],
        ["age,label", "", "1,a", "", "x,a", "", "2,b"],
        ["age,label", '1,"two', 'lines"', "x,a"],
        ['"age', '(years)",label', "x,a", '"y",a'],
        ["age,label,other", "1,a,", '"1",a,"', '"', "x,a,"],
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_bad_row_has_the_same_number(lines, end):
    dataset = describe({"age": NUMBER}, classes=["a", "b", f"two{end}lines"])
    body = "\ufeff".encode() + end.join(lines).encode()

    refused = find_refused_in_training(body, dataset)

    assert refused
    assert find_refused_by_the_service(body, build_reader(dataset)) == refused
