"""No dataset is named in code: names come from its configuration or the contract."""

import re
from pathlib import Path

PROJECT = Path(__file__).parents[1]
# In the project's own name, and in the prefix of its settings, iris is no flower.
OWN_NAMES = re.compile(r"iris[-_]kedro|IRIS_")
DATASET_NAMES = re.compile(r"iris|sepal|petal|setosa", re.IGNORECASE)
PICTURE = PROJECT / "serving/web/static/pictures/iris.js"


def find_names(text: str) -> list[str]:
    return DATASET_NAMES.findall(OWN_NAMES.sub("", text))


def test_source_code_names_no_dataset():
    sources = [
        path
        for folder in ("src/iris_kedro", "serving")
        for path in (PROJECT / folder).rglob("*")
        if path.suffix in {".py", ".js", ".html", ".css", ".md", ".txt"}
    ]

    found = {
        str(path.relative_to(PROJECT)): names
        for path in sources
        if path != PICTURE and (names := find_names(path.read_text()))
    }

    assert PICTURE in sources
    assert found == {}


def test_names_of_datasets_are_found():
    assert find_names("iris-kedro reads IRIS_STORE, not Setosa or iris") == [
        "Setosa",
        "iris",
    ]
