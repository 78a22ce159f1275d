"""Each notebook, from top to bottom, in a copy of the project."""

import hashlib
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from iris_kedro.notebook.sandbox import COPIED

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIGURES = {
    "01_explore_data": 7,
    "02_train_and_compare": 6,
    "03_release": 2,
    "04_predict_and_monitor": 3,
}
RUNS = [
    *[("iris", path) for path in NOTEBOOKS],
    # Texts and missing values matter most where data is drawn and sent.
    *[("penguins", path) for path in (NOTEBOOKS[0], NOTEBOOKS[3])],
]


@pytest.fixture
def clone(tmp_path):
    """Return a copy of the project with data and runs that somebody cares for."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in [*COPIED, "notebooks"]:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    (folder / "data/01_raw/iris").mkdir(parents=True)
    shutil.copy(ROOT / "data/penguins.csv", folder / "data")
    (folder / "data/01_raw/iris/raw.csv").write_text("dear data")
    (folder / "mlflow.db").write_text("dear runs")
    return folder


def digest(folder: Path) -> dict[str, str]:
    """Return the digest of each file that is not a cache."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_every_notebook_is_run_here():
    assert [path.stem for path in NOTEBOOKS] == list(FIGURES)


@pytest.mark.parametrize(
    ("name", "path"), RUNS, ids=[f"{name}-{path.stem}" for name, path in RUNS]
)
def test_notebook_runs_and_changes_nothing(clone, monkeypatch, name, path):
    if name != "iris":
        monkeypatch.setenv("KEDRO_ENV", name)
    notebook = nbformat.read(clone / "notebooks" / path.name, as_version=4)
    before = digest(clone)

    NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(clone / "notebooks")}},
    ).execute()

    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    figures = [out for out in outputs if "image/png" in out.get("data", {})]
    complaints = [out.text for out in outputs if out.get("name") == "stderr"]
    assert digest(clone) == before
    assert len(figures) == FIGURES[path.stem]
    assert complaints == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_says_nothing_of_one_dataset(path):
    content = path.read_text().lower().replace("iris_kedro", "")

    words = ("iris", "flower", "petal", "sepal", "species", "penguin")
    assert [word for word in words if word in content] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_without_outputs(path):
    notebook = nbformat.read(path, as_version=4)

    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
