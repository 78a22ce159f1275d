import pytest

from iris_kedro.datasets.batch.reading.text.mixed_lines import read_mixed

GOOD = b'{"a": 1}\n{"a": 2}\n'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": 1', "is not valid JSON: Expecting ',' delimiter at character 8"),
        (b'{"a": 1} 2', "is not valid JSON: Extra data at character 10"),
        (b'{"a": "\xff"}', "is not valid UTF-8"),
        (b'{"a": 1, "b": 2, "b": 3}', "has 'b' more than once"),
        (b'{"b": "\\ud800"}', "is not valid JSON: half of a surrogate pair"),
        (b"[" * 100_000, "is not valid JSON: nested too deeply"),
        (b"[1]", "must be an object, not an array"),
        (b"null", "must be an object, not null"),
        (b"   ", "is not valid JSON: Expecting value at character 4"),
        (b'{"a": "x"}', "a must be a number, as in most rows, not text"),
        (b'{"a": true}', "a must be a number, as in most rows, not true or false"),
        (b'{"a": {}}', "a must be a number, as in most rows, not an object"),
    ],
)
def test_reason_is_given(line, reason):
    lines = read_mixed(GOOD + line + b"\n" + GOOD, 11, [])

    assert lines.unreadable == [(13, reason)]
    assert lines.numbers.tolist() == [11, 12, 14, 15]
    assert lines.table.to_pydict() == {"a": [1, 2, 1, 2]}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (b"1 2.5 null", [1.0, 2.5, None]),
        (b"1 99999999999999999999", [1.0, 1e20]),
        (b"1 " + b"9" * 400, [1.0, float("inf")]),
        (b'"x" null', ["x", None]),
        (b"null null", [None, None]),
        (b"true false", [True, False]),
    ],
)
def test_column_has_one_type(values, expected):
    data = b"".join(b'{"a": %b}\n' % value for value in values.split())

    assert read_mixed(data, 1, ["b"]).table.to_pydict() == {
        "b": [None] * len(expected),
        "a": expected,
    }
