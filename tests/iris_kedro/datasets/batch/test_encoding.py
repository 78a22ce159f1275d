import json
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iris_kedro.datasets.batch.encoding import encode

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
