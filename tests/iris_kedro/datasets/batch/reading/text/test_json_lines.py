import gzip
import json

import pyarrow as pa

from iris_kedro.datasets.batch.reading.text import json_lines


def test_values_keep_their_types(tmp_path, read_rows):
    rows = [
        {"id": 1, "x": 1, "day": "2024-01-01", "ok": True},
        {"id": 2, "x": 2.5, "day": "2024-01-02", "ok": None},
        {"id": 3, "x": None, "day": None, "ok": False},
    ]
    text = "\n\n".join(map(json.dumps, rows))
    (tmp_path / "a.jsonl").write_text(text)

    content = read_rows("a.jsonl")

    assert content.records == rows
    assert content.numbers == [1, 2, 3]
    assert content.batches[0].rows.schema.types == [
        pa.int64(),
        pa.float64(),
        pa.string(),  # dates, too
        pa.bool_(),
    ]


def test_keys_are_optional(tmp_path, read_rows):
    (tmp_path / "1.jsonl").write_text('{"a": 1}\n{}\n')
    (tmp_path / "2.jsonl").write_text('{"b": 2, "a": 3}\n')

    content = read_rows("*.jsonl")

    assert content.rows.columns == ["a", "b"]
    assert content.records == [
        {"a": 1, "b": None},
        {"a": None, "b": None},
        {"a": 3, "b": 2},
    ]


def test_keys_after_the_sample_are_kept(tmp_path, read_rows, monkeypatch):
    monkeypatch.setattr(json_lines, "SAMPLE", 12)
    (tmp_path / "a.jsonl").write_text('{"a": 1}\n{"a": 2, "late": 3}\n')

    content = read_rows("a.jsonl")

    assert content.rows.columns == ["a"]
    assert content.records[1] == {"a": 2, "late": 3}


def test_types_of_a_part_are_joined(tmp_path, read_rows, monkeypatch):
    monkeypatch.setattr(json_lines, "BLOCK", 20)
    monkeypatch.setattr(json_lines, "BATCH_ROWS", 2)
    lines = [{"a": None}, {"a": None}, {"a": 1}, {"a": 2}, {"a": 3.5}, {"a": 4}]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))

    batches = read_rows("a.jsonl").batches

    assert len(batches) == 3
    assert {each.rows.schema.field("a").type for each in batches} == {pa.float64()}


def test_invalid_lines_only_affect_their_block(tmp_path, read_rows, monkeypatch):
    monkeypatch.setattr(json_lines, "BLOCK", 20)
    lines = ['{"a": 1}', '{"a": 2', '{"a": 3}', '{"a": "x"}', '{"a": 4}', '{"a": 5}']
    (tmp_path / "a.ndjson").write_text("\n".join([*lines, '{"a": 6}']))

    content = read_rows("a.ndjson", part_rows=3)

    numbers = [number for number, _ in content.unreadable]
    assert sorted([*content.numbers, *numbers]) == list(range(1, 8))
    assert 2 in numbers
    assert {3, 6, 7} <= set(content.numbers)


def test_long_bad_line_is_one_row(tmp_path, read_rows):
    text = '{"a": "%s}' % ("x" * 100_000)
    (tmp_path / "a.jsonl").write_text(f'{{"a": "y"}}\n{text}\n{{"a": "z"}}\n')

    content = read_rows("a.jsonl")

    assert content.numbers == [1, 3]
    assert [number for number, _ in content.unreadable] == [2]


def test_null_is_not_a_row(tmp_path, read_rows):
    (tmp_path / "a.jsonl").write_text('null\n{"a": 1}\nnull\n')

    content = read_rows("a.jsonl")

    message = "must be an object, not null"
    assert content.unreadable == [(1, message), (3, message)]


def test_two_objects_in_a_line_are_not_two_rows(tmp_path, read_rows):
    (tmp_path / "a.jsonl").write_text('{"a": 1} {"a": 2}\n{"a": 3}\n')

    content = read_rows("a.jsonl")

    assert content.numbers == [2]
    assert content.unreadable[0][0] == 1


def test_nested_values_become_text(tmp_path, read_rows):
    (tmp_path / "a.jsonl").write_text('{"a": [null, -1]}\n{"b": {"x": 1}}\n')

    assert read_rows("a.jsonl").records == [
        {"a": "[null, -1]", "b": None},
        {"a": None, "b": '{"x": 1}'},
    ]


def test_gzip_is_one_part(tmp_path, read_rows, monkeypatch):
    monkeypatch.setattr(json_lines, "BLOCK", 30)
    text = "\ufeff" + "".join(f'{{"a": {n}}}\n' for n in range(1, 11)) + "{bad\n"
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(text.encode()))

    content = read_rows("a.jsonl.gz", part_rows=2)

    assert [part.rows for part in content.rows.parts] == [11]
    assert [row["a"] for row in content.records] == content.numbers == [*range(1, 11)]
    assert [number for number, _ in content.unreadable] == [11]
