import sqlite3
from io import BytesIO
from pathlib import Path

import pandas as pd
import pytest
from kedro.io import DatasetError

from iris_kedro.datasets import SourceDataset
from iris_kedro.tables.reading import build_load_args

TABLE = pd.DataFrame(
    {
        "age": [22.5, None, 4.0],
        "class": ["first", None, "None"],
        "alone": [True, False, True],
    }
)


def test_bundled_iris_has_the_real_rows():
    data = pd.read_csv(BytesIO(SourceDataset("sklearn:iris", "species").load()))

    assert data.shape == (150, 5)
    assert data["species"].value_counts().to_dict() == {
        "setosa": 50,
        "versicolor": 50,
        "virginica": 50,
    }


def test_unknown_bundled_data_is_an_error_with_examples():
    with pytest.raises(DatasetError, match="no dataset 'tulips'; it has wine"):
        SourceDataset("sklearn:tulips", "species").load()


@pytest.mark.parametrize(
    "content", [b"a,b\r\n1,2\r\n", b"\xff\xfe\x00", b"a" * 100_000]
)
@pytest.mark.parametrize("prefix", ["", "file://"])
def test_source_is_read_unchanged(tmp_path, content, prefix):
    (tmp_path / "source.csv").write_bytes(content)

    assert SourceDataset(f"{prefix}{tmp_path}/source.csv", "t").load() == content


def test_missing_artifact_is_refused_by_name(tracking):
    with pytest.raises(DatasetError, match=r"cannot read the source 'runs:/no/a\.csv'"):
        SourceDataset("runs:/no/a.csv", "t").load()


@pytest.mark.parametrize("content", [b"", b" \r\n\n\t"])
def test_empty_source_is_refused_by_name(tmp_path, content):
    (tmp_path / "source.csv").write_bytes(content)

    with pytest.raises(DatasetError, match=r"source\.csv' is empty"):
        SourceDataset(str(tmp_path / "source.csv"), "t").load()


@pytest.mark.parametrize("location", ["missing.csv", ".", "nonsense://here/a.csv", ""])
def test_unreadable_source_is_named_with_its_parameter(tmp_path, monkeypatch, location):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(DatasetError) as caught:
        SourceDataset(location, "t").load()

    assert f"cannot read the source {location!r}" in str(caught.value)
    assert "data_engineering.source" in str(caught.value)


@pytest.mark.parametrize("folder", ["", "inner"])
def test_relative_source_starts_in_the_given_folder(tmp_path, folder):
    (tmp_path / "inner").mkdir()
    (tmp_path / folder / "source.csv").write_text("a,b")
    location = str(Path(folder, "source.csv"))

    assert SourceDataset(location, "t", path=str(tmp_path)).load() == b"a,b"


def test_source_in_the_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "source.csv").write_text("a,b")

    assert SourceDataset("~/source.csv", "t", path="/elsewhere").load() == b"a,b"


def test_source_cannot_be_written():
    with pytest.raises(DatasetError, match="cannot be written"):
        SourceDataset("sklearn:iris", "species").save(b"x")


@pytest.fixture(params=["table.parquet", "table.jsonl", "table.NDJSON"])
def table_file(request, tmp_path):
    path = tmp_path / request.param
    if path.suffix == ".parquet":
        TABLE.to_parquet(path)
    else:
        TABLE.to_json(path, orient="records", lines=True)
    return path


def read_csv(content):
    return pd.read_csv(BytesIO(content), dtype=str, keep_default_na=False).to_dict(
        "list"
    )


def test_table_in_another_format_is_converted_to_csv(table_file):
    assert read_csv(SourceDataset(str(table_file), "t").load()) == {
        "age": ["22.5", "", "4.0"],
        "class": ["first", "", "None"],
        "alone": ["True", "False", "True"],
    }


def test_whole_numbers_beside_missing_values_stay_whole(tmp_path):
    pd.DataFrame({"deck": [3, None, 1], "fare": [1.5, None, 2.0]}).to_parquet(
        tmp_path / "table.parquet"
    )

    content = SourceDataset(str(tmp_path / "table.parquet"), "t").load()

    assert read_csv(content) == {"deck": ["3", "", "1"], "fare": ["1.5", "", "2.0"]}


def test_only_csv_accepts_load_args(table_file):
    with pytest.raises(DatasetError, match=r"load_args are for CSV; .* accepts only"):
        SourceDataset(str(table_file), "t", load_args={"sep": ";"}).load()


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_other_formats_accept_na_values(tmp_path, kind):
    path = tmp_path / f"table.{kind}"
    table = pd.DataFrame({"age": ["22.5", "?", "4"], "deck": ["?", None, "b"]})
    if kind == "parquet":
        table.to_parquet(path)
    else:
        table.to_json(path, orient="records", lines=True)
    load_args = {"na_values": ["?"]}

    content = SourceDataset(str(path), "t", load_args=load_args).load()

    read = pd.read_csv(BytesIO(content), **build_load_args(load_args))
    assert read.isna().to_dict("list") == {
        "age": [False, True, False],
        "deck": [True, False, False],
    }


def test_damaged_table_is_refused_by_name(tmp_path):
    (tmp_path / "table.parquet").write_bytes(b"no table")

    with pytest.raises(DatasetError, match=r"table\.parquet' cannot be read: "):
        SourceDataset(str(tmp_path / "table.parquet"), "t").load()


@pytest.mark.parametrize("verb", ["SELECT", " select", "with t as (select 1) select"])
def test_query_is_converted_to_csv(tmp_path, verb):
    with sqlite3.connect(tmp_path / "people.db") as connection:
        TABLE.drop(columns="alone").to_sql("people", connection, index=False)
    credentials = {"con": f"sqlite:///{tmp_path}/people.db"}

    source = SourceDataset(f"{verb} * from people", "t", credentials=credentials)

    assert read_csv(source.load())["class"] == ["first", "", "None"]


def test_query_without_an_address_says_where_to_set_it():
    with pytest.raises(DatasetError, match="set the environment variable SOURCE_URL"):
        SourceDataset("select 1", "t").load()


def test_failing_query_is_named(tmp_path):
    credentials = {"con": f"sqlite:///{tmp_path}/empty.db"}

    with pytest.raises(DatasetError, match="no such table: people"):
        SourceDataset("select * from people", "t", credentials=credentials).load()
