import pytest

from iris_kedro.datasets.batch.reading import parquet
from iris_kedro.datasets.batch.rows import RowsDataset
from iris_kedro.errors import ProjectError


def test_parts_are_whole_row_groups(write_parquet, read_rows):
    write_parquet("rows/a.parquet", 35)
    write_parquet("rows/b.pq", 5)

    content = read_rows("rows", part_rows=25)

    places = [(each.start, each.stop, each.first_row) for each in content.rows.parts]
    assert places == [(0, 2, 1), (2, 4, 21), (0, 1, 1)]
    assert [row["x"] for row in content.records] == [*range(35), *range(5)]
    assert content.numbers == [*range(1, 36), *range(1, 6)]


def test_large_row_group_is_one_part_in_batches(write_parquet, read_rows, monkeypatch):
    monkeypatch.setattr(parquet, "BATCH_ROWS", 8)
    write_parquet("a.parquet", 30, group=30)

    content = read_rows("a.parquet", part_rows=10)

    assert len(content.rows.parts) == 1
    assert [each.rows.num_rows for each in content.batches] == [8, 8, 8, 6]


def test_file_without_rows_has_no_parts(write_parquet, read_rows):
    write_parquet("rows/a.parquet", 0)
    write_parquet("rows/b.parquet", 5)

    assert [part.rows for part in read_rows("rows").rows.parts] == [5]


def test_damaged_file_is_named(write_parquet, tmp_path):
    path = write_parquet("a.parquet", 1000, group=1000)
    rows = RowsDataset("a.parquet", path=str(tmp_path)).load()
    content = bytearray(path.read_bytes())
    content[4:40] = b"\xff" * 36
    path.write_bytes(content)

    with pytest.raises(ProjectError, match=r"a.parquet' cannot be read as Parquet"):
        list(rows.read(rows.parts[0]))


def test_column_that_has_disappeared_is_an_error(write_parquet, tmp_path):
    write_parquet("a.parquet", 10)
    rows = RowsDataset("a.parquet", path=str(tmp_path)).load()
    write_parquet("a.parquet", 10, column="y")

    with pytest.raises(
        ProjectError, match=r"has changed .* no longer has a column 'x'"
    ):
        list(rows.read(rows.parts[0]))
