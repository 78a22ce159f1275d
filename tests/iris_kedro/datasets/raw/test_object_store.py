"""Raw data in an object store."""

import boto3
import pytest
from kedro.io import DatasetError

from iris_kedro.datasets import SourceDataset
from iris_kedro.datasets.batch.reading import locations


@pytest.fixture
def bucket(store, monkeypatch):
    """Return a function that writes rows to a bucket, with the credentials set."""
    locations._connect.cache_clear()
    settings = {"AWS_ENDPOINT_URL": store, "AWS_REGION": ""}
    settings |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=store, region_name="us-east-1")
    client.create_bucket(Bucket="raw")

    def put(content):
        client.put_object(Bucket="raw", Key="rows 1.csv", Body=content)

    yield put
    locations._connect.cache_clear()


SOURCE = SourceDataset("s3://raw/rows 1.csv", "t")


def test_source_is_read(bucket):
    bucket(b"a,b\n1,2\n")

    assert SOURCE.load() == b"a,b\n1,2\n"


def test_stamp_changes_with_the_source(bucket):
    bucket(b"a,b\n1,2\n")
    first, again = SOURCE.stamp(), SOURCE.stamp()
    bucket(b"a,b\n1,2\n3,4\n")

    assert first == again
    assert SOURCE.stamp() != first


@pytest.mark.parametrize("location", ["s3://raw/missing.csv", "s3://other/rows.csv"])
def test_missing_source_is_named(bucket, location):
    with pytest.raises(DatasetError, match=f"cannot read the source '{location}'"):
        SourceDataset(location, "t").load()
    with pytest.raises(DatasetError, match=f"cannot find the source '{location}'"):
        SourceDataset(location, "t").stamp()
