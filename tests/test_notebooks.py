"""Each notebook, from top to bottom, in a copy of the project."""

import hashlib
import shutil
from pathlib import Path

import pytest
import yaml
from mlflow.tracking import MlflowClient

from iris_kedro.notebook.sandbox import CANDIDATES, COPIED
from tests.fixtures.projects import Project
from tests.iris_kedro import passengers

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
WORKBENCH = "00_workbench"
ESSAYS = [  # dataset, notebook, number of figures; `make pages` runs all with Iris
    ("iris", "02_train_and_compare", 7),
    ("iris", "03_release", 1),
    # Texts and missing values matter most where data is drawn and sent.
    ("penguins", "01_explore_data", 5),
    ("penguins", "04_predict_and_monitor", 3),
]
FEW_CANDIDATES = {  # they are tested elsewhere
    "logistic_regression": {
        "class": "sklearn.linear_model.LogisticRegression",
        "scale": True,
        "parameters": {"max_iter": 1000},
        "grid": {"C": [1.0, 10.0]},
    },
    "decision_tree": {"class": "sklearn.tree.DecisionTreeClassifier"},
}


@pytest.fixture
def clone(tmp_path, empty_database):
    """Return a copy of the project with few candidates."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in [*COPIED, "notebooks"]:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns(".ipynb_checkpoints")
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            shutil.copy(source, folder / name)
    parameters = yaml.safe_load((folder / CANDIDATES).read_text())
    parameters["data_science"]["candidates"] = FEW_CANDIDATES
    (folder / CANDIDATES).write_text(yaml.safe_dump(parameters))
    (folder / "data").mkdir()
    shutil.copy(ROOT / "data/penguins.csv", folder / "data")
    shutil.copy(empty_database, folder / "mlflow.db")
    return folder


@pytest.fixture
def execute(monkeypatch):
    """Return a function that runs a notebook and returns the outputs of its cells."""

    def execute(clone, env, name, **replaced):
        if env != "iris":
            monkeypatch.setenv("KEDRO_ENV", env)
        # Imported here, because it takes 2 s, in each process that collects tests.
        import nbformat  # noqa: PLC0415
        from nbclient import NotebookClient  # noqa: PLC0415

        notebook = nbformat.read(clone / "notebooks" / f"{name}.ipynb", as_version=4)
        for cell in notebook.cells:
            for old, new in replaced.items():
                cell.source = cell.source.replace(
                    f"{old} = {not new}", f"{old} = {new}"
                )
        NotebookClient(
            notebook,
            timeout=300,
            kernel_name="python3",
            resources={"metadata": {"path": str(clone / "notebooks")}},
        ).execute()
        return [out for cell in notebook.cells for out in cell.get("outputs", [])]

    return execute


def digest(folder: Path) -> dict[str, str]:
    """Return the digest of each file that is not a cache."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def select(outputs, kind):
    return [out for out in outputs if kind in out.get("data", {})]


def complain(outputs):
    return [out.text for out in outputs if out.get("name") == "stderr"]


def test_every_notebook_is_run_here():
    essays = {name for _, name, _ in ESSAYS}

    assert {path.stem for path in NOTEBOOKS} == {WORKBENCH, *essays}


@pytest.mark.parametrize(("env", "name", "figures"), ESSAYS)
def test_essay_runs_and_changes_nothing(clone, execute, env, name, figures):
    before = digest(clone)

    outputs = execute(clone, env, name)

    assert digest(clone) == before
    assert len(select(outputs, "image/png")) == figures
    assert complain(outputs) == []


def test_workbench_trains_and_leaves_the_registry_alone(clone, execute, monkeypatch):
    (clone / "passengers.csv").write_bytes(passengers.write(passengers.draw(200)))
    monkeypatch.chdir(clone)
    arguments = ("init", "passengers.csv", "--target", "Survived")
    assert Project(clone).invoke("dataset", *arguments).exit_code == 0

    outputs = execute(clone, "passengers", WORKBENCH)

    client = MlflowClient(f"sqlite:///{clone}/mlflow.db")
    experiment = client.get_experiment_by_name("passengers")
    runs = client.search_runs([experiment.experiment_id])
    tried = [run.data.tags.get("candidate") for run in runs]
    assert "linear_discriminant" in tried
    assert len(select(outputs, "application/vnd.plotly.v1+json")) == 1
    assert client.search_registered_models() == []
    assert complain(outputs) == []


def test_workbench_releases_promotes_and_rolls_back_if_asked(released_project, execute):
    for name in ("notebooks", "serving"):
        shutil.copytree(ROOT / name, released_project.path / name)

    execute(released_project.path, "iris", WORKBENCH, CHANGE_REGISTRY=True)

    registry = released_project.registry
    actions = [event.action for event in registry.history()]
    *_, before, promotion, rollback = registry.moves()
    assert actions[-3:] == ["promote", "rollback", "resume"]
    assert rollback.to == promotion.origin == before.to
    assert registry.hold() is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_names_no_dataset(path):
    content = path.read_text().lower().replace("iris_kedro", "")
    content = content.replace("env=penguins", "")  # an example of a command

    words = ("iris", "flower", "petal", "sepal", "species", "penguin")
    assert [word for word in words if word in content] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_without_outputs(path):
    import nbformat  # noqa: PLC0415

    notebook = nbformat.read(path, as_version=4)

    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
