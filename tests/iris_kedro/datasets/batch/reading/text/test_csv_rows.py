import csv
import gzip
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iris_kedro.datasets.batch.reading.text import csv_rows
from iris_kedro.datasets.batch.rows import RowsDataset
from iris_kedro.errors import ProjectError

CELLS = st.sampled_from(
    ["", "NA", "5.1", "é", '"a"" b"', '"x\ny"', '"\r\n"', '"a;b"', '","', '""']
)


def test_values_are_text_as_written(tmp_path, read_rows):
    (tmp_path / "a.csv").write_text('a,b\n1.50,NA\n,""\n null ,"x, ""y""\nz"\n')

    records = read_rows("a.csv").records

    assert records == [
        {"a": "1.50", "b": "NA"},
        {"a": "", "b": ""},
        {"a": " null ", "b": 'x, "y"\nz'},
    ]


def test_part_with_only_unreadable_rows_is_read(tmp_path, read_rows):
    (tmp_path / "a.csv").write_text("a,b\n1\n2\n")

    content = read_rows("a.csv")

    assert [number for number, _ in content.unreadable] == [1, 2]
    assert content.batches[0].rows.schema.names == ["a", "b"]


def test_invalid_bytes_only_affect_their_row(tmp_path, read_rows):
    (tmp_path / "a.csv").write_bytes(b"a,b\n1,\xff\n2,x\n3,\xc3\xa9\n")

    content = read_rows("a.csv")

    assert content.unreadable == [(1, "is not valid UTF-8")]
    assert content.numbers == [2, 3]
    assert content.records[1] == {"a": "3", "b": "é"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
def test_separator_and_encoding_are_options(tmp_path, read_rows, encoding):
    text = "größe;b\r\n1,5;x\r\n2;\r\n3;ü\r\n"
    (tmp_path / "a.csv").write_bytes(text.encode(encoding))
    layout = {"separator": ";", "encoding": encoding}

    content = read_rows("a.csv", csv=layout, part_rows=2)

    assert content.rows.columns == ["größe", "b"]
    assert content.records[0] == {"größe": "1,5", "b": "x"}
    assert content.records[2] == {"größe": "3", "b": "ü"}
    assert content.numbers == [1, 2, 3]


def test_wrong_encoding_is_an_error(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"a\n\xff\n")
    dataset = RowsDataset("a.csv", csv={"encoding": "ascii"}, path=str(tmp_path))
    rows = dataset.load()

    with pytest.raises(ProjectError, match="not text in the encoding 'ascii'"):
        list(rows.read(rows.parts[0]))


def test_gzip_is_one_part(tmp_path, read_rows):
    text = "a,b\n" + "1,2\n" * 9 + "3\n"
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text.encode()))

    content = read_rows("a.csv.gz", part_rows=2)

    assert [part.rows for part in content.rows.parts] == [10]
    assert content.numbers == list(range(1, 10))
    assert content.unreadable == [(10, "must have 2 cells, not 1")]


def test_odd_quotes_make_one_part(tmp_path, read_rows, caplog):
    (tmp_path / "a.csv").write_text('a,b\n1,5" pipe\n2,"x\ny"\n3,z\n')

    content = read_rows("a.csv", part_rows=1)

    assert len(content.rows.parts) == 1
    assert [row["b"] for row in content.records] == ['5" pipe', "x\ny", "z"]
    assert (
        "a.csv contains a quote within a value and is therefore read as one part"
        in caplog.text
    )


def test_row_longer_than_a_block_is_an_error(tmp_path, monkeypatch, read_rows):
    monkeypatch.setattr(csv_rows, "BLOCK", 1 << 10)
    (tmp_path / "a.csv").write_text(f"a,b\n1,2\n{'x' * 5000},4\n5,6\n")

    with pytest.raises(ProjectError, match=r"a.csv' cannot be read.*longer than"):
        read_rows("a.csv")


# All examples share the folder: each one overwrites the file.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=3), max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    part_rows=st.integers(1, 4),
    batch_rows=st.integers(1, 3),
)
def test_rows_are_those_of_python(
    tmp_path, read_rows, monkeypatch, rows, end, part_rows, batch_rows
):
    monkeypatch.setattr(csv_rows, "BATCH_ROWS", batch_rows)
    lines = ["a,b", "1,2", *(",".join(row) for row in rows)]
    text = end.join(lines)
    (tmp_path / "a.csv").write_bytes(text.encode())
    expected = list(filter(None, csv.reader(io.StringIO(text, newline=""))))[1:]

    content = read_rows("a.csv", part_rows=part_rows)

    found = dict(zip(content.numbers, content.records, strict=True))
    assert {number: list(row.values()) for number, row in found.items()} == {
        number: row for number, row in enumerate(expected, 1) if len(row) == 2
    }
    assert content.unreadable == [
        (number, f"must have 2 cells, not {len(row)}")
        for number, row in enumerate(expected, 1)
        if len(row) != 2
    ]
