import pytest

from iris_kedro.datasets.batch.reading.listing import find_base, find_files


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.csv", ["a1.csv", "a2.csv", "a10.csv"]),
        ("a[12].csv", ["a1.csv", "a2.csv"]),
        ("a??.csv", ["a10.csv"]),
        ("**/*.csv", ["a1.csv", "a2.csv", "a10.csv", "x/b.csv", "x/y/c.csv"]),
        ("x/*", ["x/b.csv"]),
        ("*/*/*.csv", ["x/y/c.csv"]),
        ("x", ["x/b.csv", "x/y/c.csv"]),
        ("odd[1].csv", ["odd[1].csv"]),  # as it is spelt
    ],
)
def test_files_are_found(tmp_path, pattern, names):
    (tmp_path / "x" / "y").mkdir(parents=True)
    (tmp_path / "x" / "_temporary").mkdir()
    for name in ["a1", "a2", "a10", "x/b", "x/y/c", "_d", "x/_temporary/e"]:
        (tmp_path / f"{name}.csv").write_text("a\n1\n")
    if pattern.startswith("odd"):
        (tmp_path / "odd[1].csv").write_text("a\n1\n")

    files = find_files(f"{tmp_path}/{pattern}", None)

    assert [file.path for file in files] == [f"{tmp_path}/{name}" for name in names]


def test_base_is_the_folder_before_the_pattern():
    assert find_base("/rows/day=*/a.csv") == "/rows"
    assert find_base("s3://bucket/rows") == "s3://bucket/rows"
