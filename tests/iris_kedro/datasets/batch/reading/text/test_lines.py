import io
import tracemalloc

import numpy as np
import pytest

from iris_kedro.datasets.batch.reading.text import lines
from iris_kedro.datasets.batch.reading.text.lines import (
    IrregularError,
    count_rows,
    cut_lines,
    read_lines,
)
from iris_kedro.errors import ProjectError


def cut(text, part_rows, separators=b",", start=0):
    return list(cut_lines(io.BytesIO(text), start, part_rows, separators))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (b"", 0),
        (b"1\n2\n", 2),
        (b"1\n2", 2),  # without its line end
        (b"5", 1),
        (b"\n\n1\n\n\n2\n\n", 2),  # blank lines
        (b"\r\n1\r\n\r\n2\r\n\r\n", 2),
        (b"1\n\r", 1),
        (b"\r", 0),
        (b" \n", 1),
    ],
)
def test_blank_lines_are_no_rows(text, rows):
    assert count_rows(text) == rows


def test_ranges_have_the_configured_rows_and_no_gaps():
    text = b"1\n\n22\n333\n\n4\n55"

    assert cut(text, 2, start=7) == [(7, 13, 2), (13, 20, 2), (20, 22, 1)]
    assert cut(text, 100) == [(0, len(text), 5)]


@pytest.mark.parametrize("size", [3, 7, 1000])
def test_line_break_in_quotes_ends_no_row(monkeypatch, size):
    read = lambda stream: read_lines(stream, size)  # noqa: E731
    monkeypatch.setattr(lines, "read_lines", read)
    text = b'1,"a\n\nb"\n"x""\n""",2\n3,4\n'

    ranges = cut(text, 1)

    assert [text[start:stop] for start, stop, _ in ranges] == [
        b'1,"a\n\nb"\n',
        b'"x""\n""",2\n',
        b"3,4\n",
    ]


@pytest.mark.parametrize(
    "text",
    [
        b'1,5" pipe\n',  # a quote that opens nothing
        b'1,a"\n2,"b\nc"\n',  # an even number of quotes, and a line break in a value
        b"1\r2\r",
    ],
)
def test_unusual_quotes_and_returns_are_detected(text):
    with pytest.raises(IrregularError):
        cut(text, 10)


def test_quotes_have_no_meaning_in_json_lines():
    assert [rows for _, _, rows in cut(b'{"a": "\\""}\n{}\n', 1, None)] == [1, 1]


def test_quote_that_is_never_closed_is_an_error():
    with pytest.raises(ProjectError, match="opens in row 3 is never closed"):
        cut(b'1,2\n3,4\n5,"6\n7,8\n', 1)


def test_long_rows_make_short_ranges(monkeypatch):
    monkeypatch.setattr(lines, "MOST_BYTES", 100)
    monkeypatch.setattr(lines, "read_lines", lambda stream: read_lines(stream, 64))
    text = b"x" * 50 + b"\n"

    ranges = cut(text * 7, 1000)

    assert sum(rows for _, _, rows in ranges) == 7
    assert max(stop - start for start, stop, _ in ranges) < 300


def test_line_without_end_is_an_error(monkeypatch):
    monkeypatch.setattr(lines, "LONGEST_LINE", 1 << 20)

    with pytest.raises(ProjectError, match="longer than 1 MB"):
        list(read_lines(io.BytesIO(b"x" * (3 << 20))))


def test_memory_does_not_grow_with_the_text():
    class Endless:
        left = 200

        def read(self, size):
            self.left -= 1
            return b"12345,67890\n" * (size // 12) if self.left else b""

    tracemalloc.start()
    rows = sum(each.rows for each in cut_lines(Endless(), 0, 100_000, b","))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert rows == 199 * (lines.BLOCK // 12)
    assert peak < 24 * lines.BLOCK


def test_parity_of_marks_is_that_of_a_loop():
    random = np.random.default_rng(0)

    for size in [1, 7, 8, 63, 64, 65, 1000]:
        marks = random.random(size) < 0.3
        expected = np.logical_xor.accumulate(marks)
        assert lines._find_odd(marks).tolist() == expected.tolist()
