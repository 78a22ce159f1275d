import json

import pyarrow as pa
import pytest

from iris_kedro.errors import ProjectError
from iris_kedro.monitoring.parsing import find_absent, parse

ROWS = [
    {"size": 1.5, "color": "red\n", "ok": True},
    {"size": 2, "color": None, "ok": False, "other": [1]},
    {"size": None, "ok": None},
]
TYPES = {"size": pa.float64(), "color": pa.string(), "ok": pa.bool_()}


@pytest.fixture
def texts():
    return pa.array([json.dumps(each) for each in ROWS])


def test_objects_become_columns(texts):
    columns = {name: each.to_pylist() for name, each in parse(texts, TYPES).items()}

    assert columns == {
        "size": [1.5, 2.0, None],
        "color": ["red\n", None, None],
        "ok": [True, False, None],
    }


@pytest.mark.parametrize("separators", [None, (",", ":")])
def test_absent_keys_differ_from_missing_values(separators):
    rows = [json.dumps(each, separators=separators) for each in ROWS]
    texts = pa.array(rows)
    color = parse(texts, TYPES)["color"]

    assert find_absent(texts, color, "color").tolist() == [False, False, True]


@pytest.mark.parametrize("text", ["[1]", '{"size": "big"}', "{"])
def test_other_rows_are_refused(text):
    with pytest.raises(
        ProjectError, match=r"in another format than docs/reference/database\.md"
    ):
        parse(pa.array([text]), TYPES)
