import csv
import io
import json
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iris_kedro.datasets.batch.writing.encoding import encode

BATCH = pa.RecordBatch.from_pydict(
    {
        "name": pa.array(["a,b", None]),
        "share": pa.array([0.98, 0.1], pa.float32()),
        "day": pa.array([date(2026, 11, 27), None]),
        "price": pa.array([Decimal("1.50"), None]),
        "version": pa.array(["3", "3"]).dictionary_encode(),
    }
)


def test_csv_has_the_shortest_numbers_and_quoted_text():
    assert encode([BATCH], "csv").to_pybytes().decode().splitlines() == [
        '"name","share","day","price","version"',
        '"a,b",0.98,2026-11-27,1.50,"3"',
        ',0.1,,,"3"',
    ]


def test_json_lines_have_the_shortest_numbers_and_null():
    lines = encode([BATCH], "jsonl").to_pybytes().decode().splitlines()

    assert [json.loads(line) for line in lines] == [
        {
            "name": "a,b",
            "share": 0.98,
            "day": "2026-11-27",
            "price": "1.50",
            "version": "3",
        },
        {"name": None, "share": 0.1, "day": None, "price": None, "version": "3"},
    ]


def test_parquet_keeps_all_types():
    table = pq.read_table(pa.BufferReader(encode([BATCH, BATCH], "parquet")))

    assert table.num_rows == 4
    assert table.schema.field("share").type == pa.float32()
    assert table.schema.field("day").type == pa.date32()


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
def test_the_same_rows_give_the_same_bytes(format):
    assert encode([BATCH], format).equals(encode([BATCH], format))


ODD = pa.RecordBatch.from_pydict(
    {
        "tags": pa.array([[1, 2], None]),
        "place": pa.array([{"x": 1.5, "day": date(2026, 11, 27)}, None]),
        "image": pa.array([b"\xff\x00", None]),
        "hash": pa.array([b"ab", None], pa.binary(2)),
        "taken": pa.array([0, None], pa.timestamp("s", "Europe/Berlin")),
        "exact": pa.array([1, None], pa.timestamp("ns")),
        "lasted": pa.array([61, None], pa.duration("s")),
        "colors": pa.array([[("red", 1)], None], pa.map_(pa.string(), pa.int8())),
        "key": pa.array([b"0" * 16, None], pa.uuid()),
        "view": pa.array(["a", None], pa.string_view()),
        "nothing": pa.nulls(2),
    }
)


def test_csv_has_nested_values_as_json_and_bytes_in_base64():
    content = encode([ODD], "csv").to_pybytes().decode()

    first, second = csv.DictReader(io.StringIO(content))
    assert json.loads(first["place"]) == {"x": 1.5, "day": "2026-11-27"}
    assert (first["tags"], first["image"], first["hash"]) == ("[1,2]", "/wA=", "YWI=")
    assert first["taken"] == "1970-01-01 01:00:00+0100"
    assert (first["view"], first["key"][:8]) == ("a", "30303030")
    assert set(second.values()) == {""}


def test_json_lines_have_nested_values_and_bytes_in_base64():
    content = encode([ODD], "jsonl").to_pybytes().decode()

    first, second = map(json.loads, content.splitlines())
    assert first["place"] == {"x": 1.5, "day": "2026-11-27"}
    assert (first["tags"], first["image"], first["hash"]) == ([1, 2], "/wA=", "YWI=")
    assert first["taken"] == "1970-01-01T01:00:00+01:00"
    assert set(second.values()) == {None}


def test_classes_have_no_bounds():
    file = pq.ParquetFile(pa.BufferReader(encode([BATCH], "parquet")))

    columns = [file.metadata.row_group(0).column(place) for place in range(5)]
    bounded = [each.path_in_schema for each in columns if each.is_stats_set]
    assert bounded == ["name", "share", "day", "price"]


def test_numbers_that_repeat_are_written_once():
    rows = 10_000
    numbers = np.random.default_rng(0).random(rows)
    columns = {"size": numbers.round(2), "probability": numbers, "id": range(rows)}
    batch = pa.RecordBatch.from_pydict({**columns, "flag": numbers > 0.5})

    file = pq.ParquetFile(pa.BufferReader(encode([batch], "parquet")))

    chunks = [file.metadata.row_group(0).column(place) for place in range(4)]
    assert [each.has_dictionary_page for each in chunks] == [True, False, False, False]
    assert file.read().to_batches() == [batch]
