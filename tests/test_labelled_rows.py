"""Labels on predictions become training rows, in whole runs of the project."""

import json
import shlex
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from iris_kedro.datasets.models.storage import compute_digest
from iris_kedro.registry import Registry
from serving.database.engine import connect
from serving.database.tables import feedback, predictions

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
LABELLED = ("--params", "data_engineering.labelled_rows.enabled=true")
COLUMNS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


@pytest.fixture
def url(project, monkeypatch):
    """Return the address of the database that is the project's by default."""
    monkeypatch.delenv("IRIS_DATABASE_URL", raising=False)
    return f"sqlite:///{project.path}/predictions.db"


@pytest.fixture(scope="session")
def flowers(iris_csv):
    """Return labelled predictions of flowers that the raw file does not have."""
    raw = pd.read_csv(BytesIO(iris_csv)).sample(40, random_state=0)
    noise = np.random.default_rng(0).uniform(0, 0.04, (40, 4))
    values = (raw.iloc[:, :4] + noise).round(4).to_numpy()
    return [
        (dict(zip(COLUMNS, row.tolist(), strict=True)), label)
        for row, label in zip(values, raw["species"], strict=True)
    ]


def delete_rows(url):
    """Delete what is in the database, as the service does after its retention."""
    with connect(url).begin() as connection:
        connection.execute(feedback.delete())
        connection.execute(predictions.delete())


def read_report(project, name, file):
    return (project.path / "data" / file.format(name)).read_text()


def test_labels_become_training_rows_and_a_new_label_trains_again(
    project, url, insert_labelled, flowers
):
    invalid = ({**flowers[0][0], "petal_width": 30}, "setosa")
    insert_labelled(url, "iris", [*flowers[:30], invalid, flowers[0]])

    first = project.release(*LABELLED)
    again = project.release(*LABELLED)
    insert_labelled(url, "iris", flowers[30:31], start=1_900_000_000)
    more = project.invoke("run", *LABELLED)

    assert first.exit_code == 0, first.output
    assert "training rows and" in first.output
    assert "are labelled predictions; 1 were left out" in first.output
    assert "Gate        unchanged" in again.output
    assert "Nothing was trained" in again.output
    assert more.exit_code == 0, more.output
    assert "Gate        unchanged" not in more.output
    run, _ = project.parents()
    counts = {
        name: run.data.metrics[f"rows/labelled/{name}"]
        for name in ("rows", "left_out", "duplicates_dropped", "train", "test")
    }
    assert counts["train"] + counts["test"] == 30
    assert (counts["rows"], counts["left_out"]) == (32, 1)
    assert counts["duplicates_dropped"] == 1
    sides = json.loads(read_report(project, "iris", "03_primary/{}/origins.json"))
    train = sides["labelled"]["train"]
    card = read_report(project, "iris", "08_reporting/{}/model_card.md")
    assert f"{train['labelled']} of {train['rows']} (" in card
    assert "petal_width is not a number from 0.1 to 20" in card


def test_model_is_reproduced_after_the_service_has_deleted_the_rows(
    project, url, insert_labelled, flowers
):
    insert_labelled(url, "iris", flowers)
    project.release(*LABELLED)
    (version,) = project.registry.versions()
    archived = (project.path / "data/01_raw/iris/labelled_rows.jsonl").read_bytes()
    delete_rows(url)
    without = project.release(*LABELLED)
    model = project.path / "data/06_models/iris/challenger.onnx"
    assert "labelled predictions" not in without.output
    assert compute_digest(model.read_bytes()) != version.tags["file_digest"]

    _, *arguments = shlex.split(version.tags["reproduce"])
    result = project.invoke_kedro(*arguments)

    assert result.exit_code == 0, result.output
    assert compute_digest(model.read_bytes()) == version.tags["file_digest"]
    kept = project.path / version.tags["labelled_rows"]
    assert kept.read_bytes() == archived
    assert archived.count(b"\n") == len(flowers)


def test_run_without_labelled_rows_does_not_look_for_a_database(project, url):
    result = project.invoke("run", "--tags", "data_engineering")

    assert result.exit_code == 0, result.output
    assert not (project.path / "predictions.db").exists()
    (run,) = project.parents()
    assert not [name for name in run.data.metrics if name.startswith("rows/labelled")]
    assert "labelled_rows" not in run.data.tags


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (None, "there is no database of predictions at"),
        ({"sepal_length": 5.1}, "labelled predictions has sepal_width, petal_length"),
    ],
    ids=["no database", "features that are not stored"],
)
def test_run_that_cannot_have_the_labelled_rows_says_why(
    project, url, insert_labelled, features, message
):
    if features:
        insert_labelled(url, "iris", [(features, "setosa")])

    result = project.release(*LABELLED)

    assert result.exit_code == 1
    assert message in " ".join(result.output.split())
    assert "data_engineering.labelled_rows.enabled to false" in " ".join(
        result.output.split()
    )


def test_globals_switch_them_on_for_every_run(project, url, insert_labelled, flowers):
    insert_labelled(url, "iris", flowers)
    project.change("globals.yml", "labelled_rows", {"enabled": True})

    result = project.invoke("run", "--tags", "data_engineering")

    assert result.exit_code == 0, result.output
    assert "are labelled predictions" in result.output


def read_penguins(count):
    """Return penguins that are a little heavier; gaps are null, as a client sends."""
    table = pd.read_csv(ROOT / "data/penguins.csv").sample(count, random_state=0)
    headers = {
        "island": "island",
        "bill_length_mm": "bill_length",
        "bill_depth_mm": "bill_depth",
        "flipper_length_mm": "flipper_length",
        "body_mass_g": "body_mass",
        "sex": "sex",
    }
    table["body_mass_g"] += 1
    values = table[list(headers)].rename(columns=headers).to_json(orient="records")
    return list(zip(json.loads(values), table["species"], strict=True))


@pytest.fixture
def colony(project):
    shutil.copy(ROOT / "data/penguins.csv", project.path / "data")
    return project


def test_texts_and_gaps_of_penguins_become_rows(
    colony, insert_labelled, monkeypatch, postgres_url
):
    rows = read_penguins(120)
    insert_labelled(postgres_url, "penguins", rows)
    monkeypatch.setenv("IRIS_DATABASE_URL", postgres_url)

    result = colony.release("--env", "penguins", *LABELLED)

    assert result.exit_code == 0, result.output
    assert Registry("penguins", colony.client).aliases() == {"Production": "1"}
    origins = json.loads(read_report(colony, "penguins", "03_primary/{}/origins.json"))
    labelled = origins["labelled"]
    assert labelled["left_out"] == []
    used = labelled["train"]["labelled"] + labelled["test"]["labelled"]
    assert used + labelled["duplicates"] == len(rows)
    train = pd.read_parquet(colony.path / "data/03_primary/penguins/train_data.parquet")
    added = train.dropna(subset=["labelled: predicted_at"])
    assert added["sex"].isna().any()
    assert set(added["island"]) == {"Biscoe", "Dream", "Torgersen"}
