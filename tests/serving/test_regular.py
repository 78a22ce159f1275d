"""What is read quickly must be what is read slowly: no more, and nothing else."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.regular import read_regular

NAMES = ("width", "height")
ROWS = [[1.5, -2], [3, 0.25], [1e2, 4]]
TABLE = {"columns": list(NAMES), "data": ROWS}
RECORDS = {"instances": [dict(zip(NAMES, row, strict=True)) for row in ROWS]}
COMPACT = (",", ":")


def reference(body: bytes) -> list[list[float]] | None:
    """Read a body by the book."""
    try:
        parsed = json.loads(body, object_pairs_hook=unique, parse_constant=refuse)
        if set(parsed) == {"instances"}:
            parsed = {
                "columns": list(NAMES),
                "data": [by_name(each) for each in parsed["instances"]],
            }
        if set(parsed) != {"columns", "data"}:
            return None
        place = [parsed["columns"].index(name) for name in NAMES]
        sound = all(is_row(row) for row in parsed["data"])
        if not sound or len(parsed["columns"]) != len(NAMES):
            return None
        return [[row[each] for each in place] for row in parsed["data"]]
    except (ValueError, TypeError, AttributeError, LookupError):
        return None


def unique(pairs: list[tuple]) -> dict:
    if len(pairs) != len(dict(pairs)):
        raise ValueError("a name is repeated")
    return dict(pairs)


def refuse(constant: str) -> None:
    raise ValueError(constant)


def by_name(record: dict) -> list:
    if record.keys() != set(NAMES):
        raise ValueError("other names")
    return [record[name] for name in NAMES]


def is_row(row: object) -> bool:
    return (
        isinstance(row, list)
        and len(row) == len(NAMES)
        and all(type(value) in (int, float) for value in row)
    )


@pytest.mark.parametrize("body", [TABLE, RECORDS], ids=["table", "records"])
@pytest.mark.parametrize("separators", [None, COMPACT], ids=["Python's", "compact"])
def test_usual_bodies_are_read(body, separators):
    table = read_regular(json.dumps(body, separators=separators).encode(), NAMES)

    assert table.tolist() == ROWS


def test_columns_may_have_another_order():
    records = [dict(reversed(record.items())) for record in RECORDS["instances"]]
    turned = {"columns": NAMES[::-1], "data": [row[::-1] for row in ROWS]}

    for body in ({"instances": records}, turned):
        assert read_regular(json.dumps(body).encode(), NAMES).tolist() == ROWS


@pytest.mark.parametrize("rows", [1, 3])
def test_one_column_is_enough(rows):
    for body in (
        {"columns": ["a"], "data": [[5]] * rows},
        {"instances": [{"a": 5}] * rows},
    ):
        assert read_regular(json.dumps(body).encode(), ("a",)).tolist() == [[5]] * rows


@pytest.mark.parametrize("data", [b"[[]]", b"[0]", b"[]", b"[[],[1]]"])
def test_rows_without_their_only_value_are_none(data):
    assert read_regular(b'{"columns":["a"],"data":' + data + b"}", ("a",)) is None


def test_small_numbers_are_read_in_tables():
    body = json.dumps({"columns": NAMES, "data": [[1e-7, 2.5e300]]}).encode()

    assert read_regular(body, NAMES).tolist() == [[1e-7, 2.5e300]]


# Each of them is read by a careless reader: the digits that are left are right.
TRAPS = {
    "digit after a row": b'{"columns":["width","height"],"data":[[1,2]3,[4]]}',
    "digit before a row": b'{"columns":["width","height"],"data":[[1,2],3[,4]]}',
    "digit before the rows": b'{"columns":["width","height"],"data":5[[1,2]]}',
    "digit after the rows": b'{"columns":["width","height"],"data":[[1,2]5]}',
    "digit after all": b'{"columns":["width","height"],"data":[[1,2]]}5',
    "blank in a number": b'{"columns":["width","height"],"data":[[1 5,2]]}',
    "rows of other lengths": b'{"columns":["width","height"],"data":[[1,2,3],[4]]}',
    "rows in rows": b'{"columns":["width","height"],"data":[[[1,2]]]}',
    "empty rows": b'{"columns":["width","height"],"data":[[],[]]}',
    "a number for rows": b'{"columns":["width","height"],"data":[0]}',
    "no number": b'{"columns":["width","height"],"data":[[1,e]]}',
    "names that are none": b'{"columns":[1,2],"data":[[1,2]]}',
    "a repeated column": b'{"columns":["width","width"],"data":[[1,2]]}',
    "other names": b'{"columns":["width","depth"],"data":[[1,2]]}',
    "no object": b'["columns",[[1,2]]]',
    "more beside": b'{"columns":["width","height"],"x":1,"data":[[1,2]]}',
    "both forms": (
        b'{"columns":["width","height"],"data":[[1,2]],'
        b'"instances":[{"width":1,"height":2}]}'
    ),
    "columns for objects": (
        b'{"columns":["width","height"],"instances":[{"width":1,"height":2}]}'
    ),
    "digit in a name": b'{"instances":[{"width":1,"hei5ght":2}]}',
    "digit at a name's end": b'{"instances":[{"width":1,"height5":2}]}',
    "digit in the first name": (
        b'{"instances":[{"width":1,"height":2},{"5width":1,"height":2}]}'
    ),
    "digit before a colon": b'{"instances":[{"width":1,"height"5:2}]}',
    "digit before a name": b'{"instances":[{"width":1,5"height":2}]}',
    "digit before an object": (
        b'{"instances":[{"width":1,"height":2},5{"width":,"height":2}]}'
    ),
    "digit after an object": (
        b'{"instances":[{"width":1,"height":2}5,{"width":1,"height":2}]}'
    ),
    "value after an object": (
        b'{"instances":[{"width":1,"height":2},{"width":1,"height":}2]}'
    ),
    "value before a name": (
        b'{"instances":[{"width":1,"height":2},{"width":,1"height":2}]}'
    ),
    "digit after the objects": b'{"instances":[{"width":1,"height":2}]5}',
    "fraction before the first": b'{"instances":[.5{"width":1,"height":2}]}',
    "digit in the frame": b'{"inst5ances":[{"width":1,"height":2}]}',
    "a name missing": b'{"instances":[{"width":1,"height":2},{"width":1}]}',
    "a name twice": b'{"instances":[{"width":1,"height":2},{"width":1,"width":2}]}',
    "an exponent": b'{"instances":[{"width":1,"height":2e1}]}',
    "an object within": b'{"instances":[{"width":{"width":1,"height":2},"height":2}]}',
    "lists for objects": b'{"instances":[[1,2]]}',
    "no rows": b'{"columns":["width","height"],"data":[]}',
    "no objects": b'{"instances":[]}',
    "nested deeply": b'{"instances":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "null": b'{"instances":[{"width":1,"height":null}]}',
}


@pytest.mark.parametrize("body", TRAPS.values(), ids=TRAPS)
def test_all_others_are_left_alone(body):
    assert read_regular(body, NAMES) is None


def test_names_with_digits_are_not_mistaken():
    names = ("x1", "x2")
    mistaken = b'{"instances":[{"x1":1,"x2":2},{"x2":1,"x1":2}]}'

    assert read_regular(mistaken, names) is None
    table = json.dumps({"columns": ["x2", "x1"], "data": [[1, 2]]}).encode()
    assert read_regular(table, names).tolist() == [[2, 1]]


PIECES = [*'0159.-+eE ,:[]{}"\n', "width", "height", '"width":', '"height":', "null"]


@st.composite
def damaged(draw) -> bytes:
    """Draw a usual body with a few pieces of text added or taken."""
    separators = draw(st.sampled_from([None, COMPACT]))
    text = json.dumps(draw(st.sampled_from([TABLE, RECORDS])), separators=separators)
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(text)))
        end = begin + draw(st.integers(0, 3) | st.integers(0, len(text)))
        text = text[:begin] + draw(st.sampled_from(["", *PIECES])) + text[end:]
    return text.encode()


@settings(max_examples=2000, deadline=None)
@given(damaged())
def test_nothing_is_read_that_is_not_there(body):
    table = read_regular(body, NAMES)

    if table is not None:
        assert table.dtype == np.float64
        assert table.tolist() == reference(body)
