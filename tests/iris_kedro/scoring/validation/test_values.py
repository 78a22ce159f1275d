"""The values of columns and cells, compared with what the service says of them."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from iris_kedro.scoring.validation import Validator, to_tensors
from tests.iris_kedro.scoring.validation.service import (
    ALL_TYPES,
    CELLS,
    GOOD,
    NUMBERS_ONLY,
    SHOWN,
    Service,
    as_json,
    find_issues,
    make_batch,
    read_contract,
    vary,
)

NAN, INF = float("nan"), float("inf")
NUMBERS = [
    *(0.7, 7.9, 0.0, -0.0, 1.5, 5.0, 20, 21, -1, -5, 120.5, 1e30, 1e300, 5e-324),
    *(float(np.float32(7.9)), float(np.nextafter(np.float32(7.9), np.float32(9)))),
    *(float(np.float32(0.7)), float(np.nextafter(np.float32(0.7), np.float32(0)))),
    *(7.9000001, 7.90000016, 16_777_217.0, 16_777_218.0, 16_777_219.0),
    *(INF, -INF, NAN, None),
]
WHOLE = [0, 1, 2, 7, 20, 21, -1, -5, -6, 120, 121, 2**24, 2**24 + 1, 2**53 + 1, None]
TEXTS = [
    *("", " ", "NA", "N/A", "nan", "NaN", "NAN", "-nan", "null", "None", "none"),
    *("1", "01", " 1", "1 ", "1.0", "5.1", "5,1", ".5", "1.", "+1", "1e1", "1E+1"),
    *("0.7", "7.9", "7.9000001", "7.90000016", "8", "-1", "20", "21", "5.5"),
    *("1_0", "0x1", "1d1", "1f", "--1", "1e", ".", "-", "1 0"),
    *("\u0661", "\u00b2", "\uff11"),
    *("inf", "-Infinity", "INF", "infinit", "1e400", "-1e400", "1e-400", "1" * 400),
    *("true", "TRUE", " Yes", "f", "no", "0", "0.0", "00", "maybe", "\u017f", "\u212a"),
    *("C", " C ", " NA ", "S", " S", " S ", "never seen", "elsewhere", "\ufffd"),
    *("x" * 150, "1.234,5", "1.5", "1,5", ",", "-", " n/a", "n/a", "a\nb", 'a"b'),
    *("\x1c1", "\xa01"),
]
COLUMNS = {
    "float64": pa.array(NUMBERS, pa.float64()),
    "float32": pa.array(NUMBERS, pa.float64()).cast(pa.float32()),
    "float16": pa.array(np.array([0.7, 7.9, 7.906, 1, -1, INF, NAN], np.float16)),
    "int64": pa.array(WHOLE, pa.int64()),
    "int8": pa.array([0, 1, 7, 20, 21, -1, -6, None], pa.int8()),
    "uint64": pa.array([0, 1, 2**24 + 2, 2**64 - 1, None], pa.uint64()),
    "decimal": pa.array([Decimal("7.90"), Decimal("5.00"), Decimal("0.09"), None]),
    "boolean": pa.array([True, False, None]),
    "string": pa.array([*TEXTS, None]),
    "large_string": pa.array([*TEXTS, None], pa.large_string()),
    "string_view": pa.array([*TEXTS, None], pa.string_view()),
    "dictionary": pa.array([*TEXTS, None, "C", "1"]).dictionary_encode(),
    "dictionary with a null": pa.DictionaryArray.from_arrays(
        pa.array([0, 1, 2, None, 1, 0], pa.int8()), pa.array(["C", None, "1"])
    ),
    "dictionary of more than there are": pa.DictionaryArray.from_arrays(
        pa.array([3, 1]), pa.array(["a", "C", "b", "1"], pa.large_string())
    ),
    "dictionary of numbers": pa.array([1.5, NAN, 8.0, None]).dictionary_encode(),
    "null": pa.nulls(2),
    "list": pa.array([[1.5], None, []]),
    "struct": pa.array([{"a": 1}, None]),
}
NAMES = tuple(GOOD)


@pytest.fixture(scope="module")
def service():
    return Service(ALL_TYPES)


@pytest.fixture(scope="module")
def contract():
    return read_contract(ALL_TYPES)


def compare_tensors(checked, contract, service, answers):
    """Compare what the model gets with what it gets from the service."""
    rows = [each for each in answers if isinstance(each, np.ndarray)]
    assert {len(each) for each in checked.columns.values()} == {len(rows)}
    if rows:
        found = to_tensors(checked.columns, contract)
        wanted = service.load()._inputs.fill(np.vstack(rows))
        assert np.array_equal(found["numbers"], wanted["numbers"], equal_nan=True)
        assert found["categories"].tolist() == wanted["categories"].tolist()


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("name", NAMES)
def test_typed_values_are_judged_as_those_of_json(contract, service, name, kind):
    values = COLUMNS[kind]

    checked = Validator(contract).check(make_batch(vary(name, values)))

    answers = [
        service.read_record(GOOD | {name: as_json(value)})
        for value in values.to_pylist()
    ]
    expected = [[] if isinstance(each, np.ndarray) else each for each in answers]
    found = [find_issues(checked, row) for row in range(1, len(values) + 1)]
    assert found == expected
    assert checked.accepted.tolist() == [not issues for issues in expected]
    compare_tensors(checked, contract, service, answers)


@pytest.mark.parametrize("layout", ["contract", "source"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_cells_are_judged_as_those_of_csv(contract, service, name, layout, kind):
    values = pa.array(TEXTS, kind)
    cells = CELLS | ({"length": "5,1", "age": "22,5"} if layout == "source" else {})
    columns = vary(name, values, cells)

    checked = Validator(contract, layout, text=True).check(make_batch(columns))

    answers = [service.read_cells(cells | {name: text}, layout) for text in TEXTS]
    expected = [[] if isinstance(each, np.ndarray) else each for each in answers]
    assert [find_issues(checked, row) for row in range(1, len(TEXTS) + 1)] == expected
    assert checked.accepted.tolist() == [not issues for issues in expected]
    compare_tensors(checked, contract, service, answers)


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_that_is_null_is_missing(contract, service, name):
    values = pa.array([None, CELLS[name]], pa.string())

    batch = make_batch(vary(name, values, CELLS))
    checked = Validator(contract, text=True).check(batch)

    answer = service.read_cells(CELLS | {name: ""})
    assert checked.accepted.tolist() == [isinstance(answer, np.ndarray), True]
    assert checked.columns[name].null_count == isinstance(answer, np.ndarray)


@pytest.mark.parametrize("name", SHOWN)
def test_cells_of_numbers_only_are_judged_as_those_of_csv(name):
    # Which the service reads in another way.
    contract, service = read_contract(NUMBERS_ONLY), Service(NUMBERS_ONLY)
    cells = {key: str(value) for key, value in SHOWN.items()}
    texts = [text for text in TEXTS if not set(text) & set('\n",')]

    batch = make_batch(vary(name, pa.array(texts), cells))
    checked = Validator(contract, text=True).check(batch)

    answers = [service.read_cells(cells | {name: text}) for text in texts]
    expected = [[] if isinstance(each, np.ndarray) else each for each in answers]
    assert [find_issues(checked, row) for row in range(1, len(texts) + 1)] == expected


@pytest.mark.parametrize("name", NAMES)
def test_each_cell_is_judged_as_among_others(contract, name):
    # A column of good cells is read in another way than one with a bad one.
    validator = Validator(contract, text=True)
    together = validator.check(make_batch(vary(name, pa.array(TEXTS), CELLS)))

    alone = [
        validator.check(make_batch(vary(name, pa.array([text]), CELLS)))
        for text in TEXTS
    ]

    assert together.accepted.tolist() == [bool(each.accepted[0]) for each in alone]
    values = [value for each in alone for value in each.columns[name].to_pylist()]
    assert together.columns[name].to_pylist() == values
