import shutil
from pathlib import Path

import pytest

from iris_kedro.notebook.service import Service

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_service_predicts_from_the_projects_registry(project, monkeypatch):
    project.invoke("run")
    shutil.copytree(ROOT / "serving", project.path / "serving")

    service = Service(project.path)
    try:
        row = {"sepal_length": 5.1, "sepal_width": 3.5}
        row |= {"petal_length": 1.4, "petal_width": 0.2}
        answer = service.post("/predict", row)
    finally:
        service.stop()

    assert answer["prediction"] == "setosa"
    assert answer["model"]["version"] == "1"


def test_service_that_cannot_start_shows_its_log(tmp_path):
    with pytest.raises(RuntimeError, match="serving"):
        Service(tmp_path)
