import boto3
import pytest
from kedro.io import DatasetError

from iris_kedro.datasets.batch.reading import locations
from iris_kedro.datasets.batch.reading.locations import open_location, overlap, resolve
from iris_kedro.errors import ProjectError

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@pytest.fixture(params=["MLFLOW_S3_ENDPOINT_URL", "AWS_ENDPOINT_URL"])
def bucket(store, request, monkeypatch):
    """Return a new bucket in the store of an environment variable."""
    for name, value in {**KEYS, request.param: store}.items():
        monkeypatch.setenv(name, value)
    locations._connect.cache_clear()
    client = boto3.client("s3", endpoint_url=store, region_name="us-east-1")
    name = f"bucket-{request.param.lower().replace('_', '-')}"
    client.create_bucket(Bucket=name)
    for key in ["rows/1.csv", "rows/2 ü%.csv", "rows/_ignored.csv"]:
        client.put_object(Bucket=name, Key=key, Body=f"a\n{key}\n2\n3\n".encode())
    yield name
    locations._connect.cache_clear()


@pytest.mark.parametrize("source", ["rows/", "rows", "rows/*.csv", "**"])
def test_object_store_is_read(bucket, read_rows, source):
    content = read_rows(f"s3://{bucket}/{source}", part_rows=2)

    assert [row["a"] for row in content.records if len(row["a"]) > 1] == [
        "rows/1.csv",
        "rows/2 ü%.csv",
    ]
    assert [part.rows for part in content.rows.parts] == [2, 1, 2, 1]
    assert content.rows.parts[0].path == f"s3://{bucket}/rows/1.csv"


def test_object_that_is_changed_has_another_fingerprint(bucket, store, read_rows):
    source = f"s3://{bucket}/rows/1.csv"
    before = read_rows(source).rows.fingerprint
    client = boto3.client("s3", endpoint_url=store, region_name="us-east-1")
    client.put_object(Bucket=bucket, Key="rows/1.csv", Body=b"a\n1\n2\n")

    assert read_rows(source).rows.fingerprint != before


def test_missing_bucket_is_an_error(bucket, read_rows):
    with pytest.raises(DatasetError, match=r"no rows to score.*-other/rows"):
        read_rows(f"s3://{bucket}-other/rows")


def test_unknown_scheme_is_an_error():
    with pytest.raises(ProjectError, match="cannot open 'nfs://host/rows'"):
        open_location("nfs://host/rows")


def test_relative_path_is_resolved_in_the_folder():
    assert resolve("rows/", "/project") == "/project/rows"
    assert resolve("../rows", "/project") == "/rows"
    assert resolve("file:///rows", "/project") == "/rows"
    assert resolve("s3://bucket/rows/", "/project") == "s3://bucket/rows"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("/a", "/a", True),
        ("/a", "/a/b", True),
        ("/a/b", "/a", True),
        ("/a", "/ab", False),
        ("s3://a/b", "s3://a/b/c", True),
        ("s3://a/b", "/a/b", False),
    ],
)
def test_overlap(one, other, expected):
    assert overlap(one, other) is expected
