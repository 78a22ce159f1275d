"""Rows and scores in an object store."""

import boto3
import pandas as pd
import pytest
from pyarrow import fs

from iris_kedro.datasets.batch.reading import locations
from tests.object_store import run_object_store

pytestmark = pytest.mark.slow


@pytest.fixture
def store(monkeypatch):
    """Start a store with a bucket; return a client."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    locations._connect.cache_clear()
    with run_object_store() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        client = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
        client.create_bucket(Bucket="batch")
        yield client
    locations._connect.cache_clear()


def list_keys(store, prefix):
    """List objects, without the empty ones that pyarrow makes for folders."""
    found = store.list_objects(Bucket="batch", Prefix=prefix).get("Contents", [])
    keys = [each["Key"].removeprefix(prefix) for each in found]
    return [each for each in keys if not each.endswith("/") and each]


def test_rows_and_scores_are_in_an_object_store(score, store, flowers, tmp_path):
    for name in ("a", "b"):
        flowers.to_parquet(tmp_path / "rows.parquet")
        store.upload_file(tmp_path / "rows.parquet", "batch", f"rows/{name}.parquet")
    places = {"source": "s3://batch/rows/", "target": "s3://batch/scores/"}

    run = score(**places)
    again = score(**places)
    changed = score(**places, columns="[key]")

    assert run.result.exit_code == 0, run.output
    assert "Scored 300 of 300 rows" in run.output
    assert "all by an earlier run" in again.output
    assert "Scored 300 of 300 rows" in changed.output
    assert "earlier run" not in changed.output
    assert list_keys(store, "scores/") == [
        "_manifest.json",
        "_parts/part-00000.json",
        "_parts/part-00001.json",
        "part-00000.parquet",
        "part-00001.parquet",
    ]
    system, path = locations.open_location("s3://batch/scores/part-00001.parquet")
    assert isinstance(system, fs.S3FileSystem)
    scores = pd.read_parquet(path, filesystem=system)
    assert scores["key"].tolist() == flowers["key"].tolist()


def test_missing_bucket_is_named(score, store, flowers, tmp_path):
    flowers.to_parquet(tmp_path / "rows.parquet")

    run = score(source=tmp_path / "rows.parquet", target="s3://nowhere/scores")

    assert run.result.exit_code == 1
    assert "the scores at 's3://nowhere/scores' cannot be written" in run.output
    assert "The specified bucket does not exist" in run.output
    assert isinstance(run.result.exception, SystemExit)
