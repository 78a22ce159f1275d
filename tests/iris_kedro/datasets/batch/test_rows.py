import os

import pytest
from kedro.io import DatasetError

from iris_kedro.datasets.batch.rows import RowsDataset

A_CSV = "a,b\n1,2\n3,4\n5,6\n"


def test_folder_is_read_in_numerical_order(tmp_path, read_rows):
    (tmp_path / "rows" / "day=1").mkdir(parents=True)
    for name, value in [("rows/10.csv", 3), ("rows/9.csv", 2), ("rows/day=1/a.csv", 4)]:
        (tmp_path / name).write_text(f"a\n{value}\n")
    for name in ["rows/_SUCCESS", "rows/.9.csv.crc"]:
        (tmp_path / name).write_text("ignored")

    content = read_rows("rows/")

    assert [row["a"] for row in content.records] == ["2", "3", "4"]
    assert [part.number for part in content.rows.parts] == [0, 1, 2]
    assert content.numbers == [1, 1, 1]


def test_columns_are_in_one_order(tmp_path, read_rows):
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("b,a\n4,3\n")

    content = read_rows("*.csv")

    assert content.rows.columns == ["a", "b"]
    assert content.records == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_parts_hold_all_rows_in_order(tmp_path, read_rows):
    (tmp_path / "a.csv").write_text(A_CSV)

    parts = read_rows("a.csv", part_rows=2).rows.parts

    assert [(part.first_row, part.rows) for part in parts] == [(1, 2), (3, 1)]
    assert (parts[0].start, parts[0].stop) == (4, parts[1].start)
    assert parts[1].stop == len(A_CSV)


def test_fingerprint_changes_with_files_and_options(tmp_path):
    def take(**options):
        return RowsDataset("*.csv", path=str(tmp_path), **options).load().fingerprint

    (tmp_path / "a.csv").write_text(A_CSV)
    first = take()
    same = take()
    os.utime(tmp_path / "a.csv", ns=(1, 1))
    touched = take()
    (tmp_path / "b.csv").write_text(A_CSV)
    added = take()
    cut = take(part_rows=2)
    separated = take(csv={"separator": ";"})

    assert first == same
    assert len({first, touched, added, cut, separated}) == 5


@pytest.mark.parametrize(
    ("files", "source", "options", "message"),
    [
        ({}, None, {}, "--params batch_inference.source=rows/,"),
        ({}, "", {}, "set the source"),
        ({}, "a.csv", {}, "no file or folder '.*a.csv'"),
        ({}, "*.csv", {}, r"no file that matches '.*\*.csv'"),
        ({"r/_a.csv": A_CSV}, "r", {}, "no file in the folder '.*/r'; 1 with names"),
        ({"a.txt": A_CSV}, "a.txt", {}, "format of '.*a.txt' is unknown.*set"),
        ({"a.csv": A_CSV, "b.pq": ""}, "*", {}, "a.csv' is csv and '.*b.pq' is parq"),
        ({"a.parquet.gz": ""}, "a.parquet.gz", {}, "gunzip"),
        ({"a.parquet": "PAR1"}, "a.parquet", {}, "a.parquet' cannot be read as Parq"),
        ({"a.csv": ""}, "a.csv", {}, "a.csv' has no header"),
        ({"a.csv": "a,b\n"}, "a.csv", {}, "1 file.*no rows"),
        ({"a.csv": "a,b,a\n1,2,3\n"}, "a.csv", {}, "a.csv' has the column 'a' twice"),
        (
            {"a.csv": A_CSV, "b.csv": "a,c\n1,2\n"},
            "*.csv",
            {},
            "'.*b.csv' has no column 'b', which '.*a.csv' has",
        ),
        (
            {"a.csv": A_CSV, "b.csv": "a,b,c\n1,2,3\n"},
            "*.csv",
            {},
            "'.*a.csv' has no column 'c', which '.*b.csv' has",
        ),
        ({"a.jsonl": "[1]\n"}, "a.jsonl", {}, "no line of '.*a.jsonl' is an object"),
        (
            {"a.csv": A_CSV},
            "a.csv",
            {"format": "orc"},
            "format 'orc' does not exist: set",
        ),
        ({"a.csv": A_CSV}, "a.csv", {"part_rows": 0}, "at least 1, not 0"),
        ({"r/a.csv": A_CSV}, "r", {"target": "r/out"}, "overlap"),
        ({"r/a.csv": A_CSV}, "r/*.csv", {"target": "r/out"}, "overlap"),
    ],
)
def test_error_contains_advice(tmp_path, files, source, options, message):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    dataset = RowsDataset(source, path=str(tmp_path), **options)

    with pytest.raises(DatasetError, match=message):
        dataset.load()


def test_target_in_the_source_by_a_link_is_an_error(tmp_path):
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows/a.csv").write_text(A_CSV)
    (tmp_path / "link").symlink_to("rows")

    with pytest.raises(DatasetError, match="overlap"):
        RowsDataset("rows", path=str(tmp_path), target="link/scores").load()


def test_rows_behind_links_are_read(tmp_path, read_rows):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.csv").write_text(A_CSV)
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows/linked.csv").symlink_to("../real/a.csv")

    assert len(read_rows("rows").records) == 3


def test_format_can_be_set_if_names_do_not_show_it(tmp_path, read_rows):
    (tmp_path / "export.txt").write_text(A_CSV)

    assert len(read_rows("export.txt", format="csv").records) == 3


def test_rows_are_not_written():
    with pytest.raises(DatasetError, match="cannot be written"):
        RowsDataset("a.csv").save([])
