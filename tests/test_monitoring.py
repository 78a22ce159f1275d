"""The monitoring pipeline on a database that a service could have written."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest

from iris_kedro.model.contract import Contract
from tests.iris_kedro.monitoring import traffic

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
HOURS = 72


class Service:
    """Writes the predictions of a released model, as a service does."""

    def __init__(self, project, name):
        self.name = name
        self.url = f"sqlite:///{project.path}/predictions.db"
        self.model = onnx.load(project.path / f"data/06_models/{name}/challenger.onnx")
        self.contract = Contract.read(self.model)
        primary = project.path / f"data/03_primary/{name}"
        sides = [primary / f"{side}_data.parquet" for side in ("train", "test")]
        self.pool = pd.concat([pd.read_parquet(each) for each in sides])

    def answer(self, change=None):
        rows = self.pool.sample(HOURS * 50, replace=True, random_state=0)
        rows = rows.reset_index(drop=True)
        labels = rows[self.contract.target.name].astype(str).tolist()
        labels[1::2] = [None] * len(labels[1::2])
        if change is not None:
            rows = change(rows)
        traffic.write(
            self.url, self.model, self.contract, rows, hours=HOURS, labels=labels
        )


def monitor(project, *options, name="iris"):
    """Run the monitoring; return its report and the output."""
    result = project.invoke("run", "--pipelines", "monitoring", *options)
    assert result.exit_code == 0, result.output
    folder = project.path / f"data/08_reporting/{name}"
    return json.loads((folder / "monitoring.json").read_text()), result.output


def test_quiet_service_is_reported_and_recorded(released_project):
    Service(released_project, "iris").answer()

    report, output = monitor(released_project)

    assert report["verdict"] == "quiet"
    assert (report["model"], report["version"]) == ("iris", "1")
    assert report["rows"] == HOURS * 50
    assert "Monitoring  quiet" in output
    run = released_project.parents()[-1]
    assert run.info.run_name.startswith("monitoring of version 1 · quiet")
    assert run.data.tags["monitoring"] == "quiet"
    artifacts = {
        each.path
        for each in released_project.client.list_artifacts(run.info.run_id, "reports")
    }
    assert {"reports/monitoring.json", "reports/monitoring.html"} <= artifacts


def test_training_works_as_before(released_project):
    Service(released_project, "iris").answer()
    monitor(released_project)

    result = released_project.release()

    assert "Nothing was trained" in result.output
    assert "Monitoring" not in result.output


def test_mixed_types_drift_by_their_texts_and_gaps(project):
    shutil.copy(ROOT / "data/penguins.csv", project.path / "data")
    result = project.release("--env", "penguins")
    assert result.exit_code == 0, result.output

    def change(rows):
        late = np.arange(len(rows)) >= len(rows) / 2
        return rows.assign(
            island=rows["island"].where(~late, "Torgersen"),
            sex=rows["sex"].where(~late, None),
        )

    Service(project, "penguins").answer(change)

    report, output = monitor(project, "--env", "penguins", name="penguins")

    assert report["features"]["island"]["drifts"]
    assert report["features"]["sex"]["missing"]["recent"] == 1
    assert report["features"]["sex"]["drifts"]
    assert not report["features"]["body_mass"]["drifts"]
    assert "missing went from" in output


def test_errors_say_what_to_do(project):
    nothing = project.invoke("run", "--pipelines", "monitoring")
    assert "no version of iris is Production" in nothing.output

    project.release()
    no_database = project.invoke("run", "--pipelines", "monitoring")

    assert no_database.exit_code == 1
    assert f"at {project.path}/predictions.db: start the service" in no_database.output
    assert "Traceback" not in no_database.output
