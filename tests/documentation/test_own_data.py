"""Every command of docs/how-to/own-data.md, in its order, in a new clone."""

import shutil
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import requests

from tests.documentation.clone import (
    ROOT,
    Check,
    NotRun,
    Reader,
    find_missing_tests,
    is_known_to_make,
    keep_one_candidate,
    make_clone,
    prints,
    prints_in_process,
    read_commands,
    select_run,
)

COMMANDS = read_commands((ROOT / "docs/how-to/own-data.md").read_text())
PREDICT, BATCH = [each for each in COMMANDS if each.startswith("curl ")]
ROWS = 600


def draw_passengers() -> pd.DataFrame:
    """Draw a table with the columns of the page's example."""
    generator = np.random.default_rng(0)
    sex = generator.choice(["female", "male"], ROWS)
    age = generator.integers(1, 80, ROWS).astype(str)
    age[generator.random(ROWS) < 0.2] = ""
    survives = generator.random(ROWS) < np.where(sex == "female", 0.8, 0.2)
    return pd.DataFrame(
        {
            "Survived": survives.astype(int),
            "Pclass": generator.integers(1, 4, ROWS),
            "Name": [f"Passenger, Mx. {number}" for number in range(ROWS)],
            "Sex": sex,
            "Age": age,
            "SibSp": generator.integers(0, 5, ROWS),
            "Fare $": generator.exponential(30, ROWS).round(2) + 5,
            "Embarked": generator.choice(["C", "Q", "S"], ROWS),
        }
    )


@pytest.fixture(scope="module")
def reader(requires, tmp_path_factory) -> Iterator[Reader]:
    clone = make_clone(requires, tmp_path_factory.mktemp("page"))
    keep_one_candidate(clone.path)
    draw_passengers().to_csv(clone.path / "passengers.csv", index=False)
    reader = Reader(clone)
    yield reader
    reader.servers.close()


def serves_passengers(reader: Reader, command: str) -> None:
    reader.start_service(command)

    described = requests.get(f"http://{reader.address}/model", timeout=10).json()
    assert described["contract"]["name"] == "passengers"


def predicts_a_class(reader: Reader, command: str) -> None:
    assert reader.ask(command)["prediction"] in {"0", "1"}


def predicts_each_row(reader: Reader, command: str) -> None:
    assert len(reader.ask(command)["predictions"]) == ROWS


def releases_on_a_server(reader: Reader, command: str) -> None:
    # A copy, because MLflow takes long to create the tables of a new database.
    folder = reader.clone.path
    shutil.copy(folder / "mlflow.db", folder / "shared.db")
    local = command.replace("http://mlflow.example:5000", "sqlite:///shared.db")
    assert local != command

    uri, kedro = local.split(maxsplit=1)
    environment = dict([uri.split("=", 1)])
    check = prints_in_process("of passengers", **environment)
    check(reader.clone, kedro.removeprefix(".venv/bin/"))


def in_the_clone(check: Check):
    """Return a check that needs nothing but the clone."""

    def check_reader(reader: Reader, command: str) -> None:
        check(reader.clone, command)

    return check_reader


CHECKS = {
    ".venv/bin/kedro dataset init passengers.csv --target survived": in_the_clone(
        prints("kedro run --env passengers")
    ),
    ".venv/bin/kedro run --env passengers": in_the_clone(
        prints("Production  version 1 of passengers")
    ),
    "make serve ENV=passengers": serves_passengers,
    PREDICT: predicts_a_class,
    BATCH: predicts_each_row,
    "cp conf/production/mlflow.yml conf/passengers/": in_the_clone(prints("")),
    "MLFLOW_TRACKING_URI=http://mlflow.example:5000 .venv/bin/kedro run"
    " --env passengers": releases_on_a_server,
    "make image-with-model ENV=passengers TAG=passengers": in_the_clone(
        is_known_to_make
    ),
    "docker run -p 8000:8000 iris-serving-with-model:passengers": NotRun(
        "tests/container/test_serving.py"
    ),
}


def test_every_command_has_a_check():
    assert set(COMMANDS) == set(CHECKS)
    assert find_missing_tests(CHECKS) == []


@pytest.mark.slow
@pytest.mark.parametrize("command", select_run(COMMANDS, CHECKS))
def test_command_works(reader, command):
    CHECKS[command](reader, command)
