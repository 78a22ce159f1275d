import re

import pytest

TRAINING = "kedro.*|scikit-learn|scipy|pandas.*|mlflow|onnx|matplotlib|plotly"
BOOSTING = "lightgbm|onnxmltools|xgboost.*"
DEVELOPMENT = "jupyterlab|notebook|pytest.*|mypy|ruff|uv|pre-commit"


@pytest.fixture
def read_lock(request):
    def read(name: str) -> set[str]:
        """Return the lines that name a package, version and marker."""
        lines = (request.config.rootpath / name).read_text().splitlines()
        return {line.rstrip(" \\") for line in lines if "==" in line[:80]}

    return read


@pytest.mark.parametrize(
    ("lock", "unwanted"),
    [
        ("requirements-serving.lock", TRAINING),
        ("requirements-serving.lock", DEVELOPMENT),
        ("requirements-training.lock", DEVELOPMENT),
        ("requirements-training.lock", BOOSTING),
        ("requirements.lock", "nvidia.*"),  # hundreds of megabytes
    ],
)
def test_a_lock_holds_only_what_it_needs(read_lock, lock, unwanted):
    names = {line.partition("==")[0] for line in read_lock(lock)}

    assert not [name for name in names if re.fullmatch(unwanted, name)]


@pytest.mark.parametrize("image", ["serving", "training"])
def test_an_image_has_the_versions_that_were_tested(read_lock, image):
    def versions(name: str) -> set[str]:
        return {line.partition(" ;")[0] for line in read_lock(name)}

    assert versions(f"requirements-{image}.lock") <= versions("requirements.lock")
