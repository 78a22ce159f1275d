"""Random tables, judged by the validator and by the service."""

import math
import string

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iris_kedro.model import inputs
from iris_kedro.scoring.validation import Validator, find_out_of_range, to_tensors
from tests.iris_kedro.scoring.validation.service import (
    ALL_TYPES,
    DECKS,
    GOOD,
    PORTS,
    Service,
    as_json,
    find_issues,
    make_batch,
    read_contract,
)

CONTRACT, SERVICE = read_contract(ALL_TYPES), Service(ALL_TYPES)
INPUTS = SERVICE.load()._inputs
ROWS = 5

floats = st.one_of(
    st.floats(width=64),
    st.floats(-1, 21).map(lambda number: round(number, 1)),
    st.floats(0, 8, width=32),
    st.sampled_from([0.7, 7.9, 120.0, 20.0, 16_777_217.0]).flatmap(
        lambda limit: st.sampled_from(
            [
                limit,
                float(np.float32(limit)),
                *(math.nextafter(limit, to) for to in (-9, 1e9)),
            ]
        )
    ),
)
integers = st.one_of(st.integers(-6, 25), st.integers(-(2**63), 2**63 - 1))
known = st.sampled_from([*DECKS, *PORTS])
marks = st.sampled_from(
    ["", "NA", "nan", "None", "<NA>", "-", " n/a", "true", "No", "0"]
)
blanks = st.text(" \t\n\u00a0\u2003\x1c", max_size=2)
any_text = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=5
)
digits = st.text("0123456789+-.,eEinfa_ ", max_size=6)
cells = st.tuples(
    blanks, st.one_of(known, marks, digits, any_text, floats.map(repr)), blanks
).map("".join)
texts = st.one_of(known, any_text)
COLUMNS = [
    (pa.float64(), floats),
    (pa.float32(), st.floats(width=32)),
    (pa.int64(), integers),
    (pa.int8(), st.integers(-6, 25)),
    (pa.bool_(), st.booleans()),
    (pa.string(), texts),
    (pa.dictionary(pa.int32(), pa.string()), texts),
    (pa.decimal128(9, 3), st.decimals(-10, 130, places=3)),
    (pa.list_(pa.int8()), st.just([1])),
]
FITTING = {
    "age": st.floats(0, 120),
    "deck": st.sampled_from(DECKS),
    "length": st.floats(0.75, 7.9),
    "siblings": st.integers(0, 20),
    "grains": st.integers(-5, 16_777_217),
    "alone": st.booleans(),
    "member": st.booleans(),
    "port": texts,
}
FITTING_CELLS = {
    name: cells if name == "port" else values.map(str)
    for name, values in FITTING.items()
}


def lists(values):
    return st.lists(values, min_size=ROWS, max_size=ROWS)


@st.composite
def columns_of(draw, name):
    """Draw a column that mostly fits the feature."""
    if draw(st.integers(0, 3)):
        values = draw(lists(FITTING[name] | st.none()))
        return pa.array(values, pa.float64() if name == "age" else None)
    kind, values = draw(st.sampled_from(COLUMNS))
    values = draw(lists(values | st.none()))
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, kind)


tables = st.fixed_dictionaries({name: columns_of(name) for name in GOOD})
tables_of_cells = st.fixed_dictionaries(
    {
        name: lists(st.one_of(each, each, each, cells))
        for name, each in FITTING_CELLS.items()
    }
)
often = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def compare(checked, answers):
    """Compare rows with the answers of the service: parts of its matrix, or issues."""
    matrix = [each for each in answers if isinstance(each, np.ndarray)]
    for row, answer in enumerate(answers, 1):
        assert find_issues(checked, row) == (answer if isinstance(answer, list) else [])
        assert checked.accepted[row - 1] == isinstance(answer, np.ndarray)
    if not matrix:
        return
    rows, columns = np.vstack(matrix), checked.columns
    tensors, wanted = to_tensors(columns, CONTRACT), INPUTS.fill(rows)
    assert np.array_equal(tensors["numbers"], wanted["numbers"], equal_nan=True)
    assert tensors["categories"].tolist() == wanted["categories"].tolist()
    outside = find_out_of_range(columns, CONTRACT)
    assert np.array_equal(outside, SERVICE.find_out_of_range(rows))
    table = pa.table(columns).to_pandas()
    texts = ["deck", "port"]
    arranged = inputs.arrange(
        table.astype(dict.fromkeys(texts, object)), CONTRACT.inputs
    )
    assert np.array_equal(
        inputs.to_tensors(arranged)["numbers"], tensors["numbers"], equal_nan=True
    )
    trained = inputs.to_tensors(arranged)["categories"].tolist()
    assert trained == tensors["categories"].tolist()


@pytest.mark.slow
@often
@given(table=tables)
def test_typed_tables_are_judged_as_json(table):
    checked = Validator(CONTRACT).check(make_batch(table))

    records = pa.table(table).to_pylist()
    compare(
        checked,
        [
            SERVICE.read_record(
                {name: as_json(value) for name, value in record.items()}
            )
            for record in records
        ],
    )


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["contract", "source"])
@often
@given(table=tables_of_cells)
def test_tables_of_cells_are_judged_as_csv(layout, table):
    columns = {name: pa.array(values, pa.string()) for name, values in table.items()}

    checked = Validator(CONTRACT, layout, text=True).check(make_batch(columns))

    records = pa.table(columns).to_pylist()
    compare(checked, [SERVICE.read_cells(record, layout) for record in records])


@pytest.mark.slow
@often
@given(cell=st.text(string.digits + "+-.eEinfatyNA_xd ,'", max_size=7))
def test_each_text_is_the_number_that_the_service_reads(cell):
    for layout in ("contract", "source"):
        row = {"age": [cell], "deck": ["1"], "length": ["5"], "siblings": ["1"]}
        row |= {"grains": ["1"], "alone": [""], "member": ["0"], "port": ["S"]}
        batch = make_batch(row)

        checked = Validator(CONTRACT, layout, text=True).check(batch)

        record = {name: values[0] for name, values in row.items()}
        compare(checked, [SERVICE.read_cells(record, layout)])
