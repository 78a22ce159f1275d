"""Every command of the README, in a new clone and without an activated environment."""

import json
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from mlflow.tracking import MlflowClient

from tests.documentation.clone import (
    ROOT,
    Check,
    Clone,
    NotRun,
    answers,
    find_port,
    make_clone,
    prints,
    prints_when_activated,
    read_commands,
    serves,
)
from tests.iris_kedro import passengers

README = (ROOT / "README.md").read_text()
KEPT = "logistic_regression"  # the one candidate after the first run


# --- What the README says ------------------------------------------------------------


def read_blocks(language: str) -> list[str]:
    """Return the blocks of the README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


COMMANDS = read_commands(README)
PREDICT, REFUSED = [each for each in COMMANDS if each.startswith("curl ")]
ANSWER, REFUSAL = read_blocks("json")
RESULT = read_blocks("text")[0]


# --- A clone and what runs in it -----------------------------------------------------


@pytest.fixture(scope="module")
def clone(requires, tmp_path_factory) -> Iterator[Clone]:
    """Return a clone in which the quickstart's first two commands have run.

    The rest has one fast candidate and three versions, of which one can be promoted.
    """
    clone = make_clone(requires, tmp_path_factory.mktemp("readme"), COMMANDS[0])
    clone.first_run = clone.run("make run")
    assert clone.first_run.returncode == 0, clone.first_run.stdout
    keep_one_candidate(clone.path / "conf/base/parameters_data_science.yml")
    add_versions(f"sqlite:///{clone.path}/mlflow.db")
    yield clone
    clone.stop()


def keep_one_candidate(file: Path) -> None:
    parameters = yaml.safe_load(file.read_text())
    candidates = parameters["data_science"]["candidates"]
    parameters["data_science"]["candidates"] = {KEPT: candidates[KEPT]}
    file.write_text(yaml.safe_dump(parameters, sort_keys=False))


def add_versions(uri: str) -> None:
    """Register the version in Production twice more."""
    client = MlflowClient(uri)
    first = client.get_model_version("iris", "1")
    files = client.get_model_version_download_uri("iris", "1")
    for _ in range(2):
        client.create_model_version("iris", files, first.run_id, tags=first.tags)


# --- What the commands do ------------------------------------------------------------


def clones(clone: Clone, command: str) -> None:
    assert command == COMMANDS[0]
    assert (clone.path / ".git").is_dir()


def prints_the_result(clone: Clone, command: str) -> None:
    def mask(text: str) -> list[str]:
        return [re.sub(r"\d", "0", line.rstrip()) for line in text.splitlines()]

    result = mask(RESULT)
    assert mask(clone.first_run.stdout)[-len(result) :] == result


def trains_one_candidate(clone: Clone, command: str) -> None:
    prints_when_activated("2 of 2")(clone, command.replace("random_forest", KEPT))


def starts_the_service(clone: Clone, command: str) -> None:
    assert command == "make serve &"
    assert answers(f"http://{clone.service}/")


def answers_as_printed(clone: Clone, command: str) -> None:
    printed = json.loads(ANSWER)
    result = clone.run(command.replace("127.0.0.1:8000", clone.service))

    answer = json.loads(result.stdout)
    assert answer.keys() == printed.keys()
    assert answer["model"].keys() == printed["model"].keys()
    assert answer["prediction"] == printed["prediction"]
    assert answer["probabilities"] == pytest.approx(printed["probabilities"], abs=1e-3)


def refuses_as_printed(clone: Clone, command: str) -> None:
    printed = json.loads(REFUSAL)
    result = clone.run(command.replace("127.0.0.1:8000", clone.service))

    assert json.loads(result.stdout) | {"request_id": ""} == printed | {
        "request_id": ""
    }


def stops_the_service(clone: Clone, command: str) -> None:
    address = f"127.0.0.1:{find_port()}"
    ask = f"curl -s --retry 60 --retry-connrefused http://{address}/health/live"
    # With job control, as on a terminal.
    script = f"set -m; make serve & {ask} --retry-delay 1; {command}; wait"
    result = clone.run(script, IRIS_BIND=address)

    assert '{"status":"live"}' in result.stdout
    host, _, port = address.partition(":")
    socket.create_server((host, int(port))).close()


def trains_on_a_file(clone: Clone, command: str) -> None:
    rows = (clone.path / "data/01_raw/iris/raw.csv").read_text()
    another = "5.05,3.45,1.45,0.25,setosa\n"  # or there would be nothing to train
    (clone.path / "flowers.csv").write_text(rows + another)
    prints_when_activated("Fetched flowers.csv")(clone, command)


def proposes_a_specification(clone: Clone, command: str) -> None:
    table = passengers.write(passengers.draw(600))
    (clone.path / "passengers.csv").write_bytes(table)
    prints_when_activated("kedro run --env passengers")(clone, command)


def serves_the_own_table(clone: Clone, command: str) -> None:
    address = f"127.0.0.1:{find_port()}"
    url = f"http://{address}/health/ready"
    with clone.start(command, url, IRIS_BIND=address):
        answer = clone.run(f"curl -s http://{address}/model")

    assert json.loads(answer.stdout)["contract"]["name"] == "passengers"


def begins_another_command(clone: Clone, command: str) -> None:
    assert any(other.startswith(f"{command} ") for other in CHECKS)


def runs_on_another_store(clone: Clone, command: str) -> None:
    # A copy, because MLflow takes long to create the tables of a new one.
    shutil.copy(clone.path / "mlflow.db", clone.path / "shared.db")
    check = prints_when_activated("Gate  ", MLFLOW_TRACKING_URI="sqlite:///shared.db")
    check(clone, command)


def writes(file: str) -> Check:
    """Return a check that a command writes a file."""

    def check(clone: Clone, command: str) -> None:
        result = clone.run(command)

        assert result.returncode == 0, result.stdout
        assert (clone.path / file).is_file()

    return check


def renders_notebooks(clone: Clone, command: str) -> None:
    # One is enough: test_notebooks runs each of them.
    for notebook in sorted(clone.path.glob("notebooks/*.ipynb"))[1:]:
        notebook.unlink()
    writes("build/notebooks/01_explore_data.html")(clone, command)


CHECKS: dict[str, Check] = {
    "git clone <this repository> iris-kedro && cd iris-kedro": clones,
    "make run": prints_the_result,
    "make serve &": starts_the_service,
    PREDICT: answers_as_printed,
    "make ui": serves("/", "--port {port}"),
    "make loop": NotRun("takes minutes: tests/demo/test_loop.py"),
    "make viz": serves("/", "--port {port} --no-browser"),
    "make notebook": serves(
        "/lab", "--ip 127.0.0.1 --port {port} --no-browser --allow-root"
    ),
    ".venv/bin/kedro model history": prints("Production is version 1"),
    "kill %1": stops_the_service,
    "source .venv/bin/activate": prints(""),
    "kedro run": prints_when_activated("Gate  "),
    "kedro run --pipelines data_engineering": prints_when_activated("7 of 7"),
    "kedro run --tags data_science": prints_when_activated("Candidates"),
    "kedro run --namespaces candidates.random_forest": trains_one_candidate,
    "kedro run --from-nodes select_best": prints_when_activated("Candidates"),
    "kedro run --params data_engineering.source=flowers.csv": trains_on_a_file,
    "kedro dataset init passengers.csv --target survived": proposes_a_specification,
    "kedro run --env passengers": prints_when_activated(
        "Production  version 1 of passengers"
    ),
    "make serve ENV=passengers": serves_the_own_table,
    "kedro run --params model_release.gate.minimum_accuracy=0.8": prints_when_activated(
        "Gate  "
    ),
    "kedro run --runner ThreadRunner": prints_when_activated("Gate  "),
    "kedro run --env dask": NotRun("starts a cluster: tests/test_cluster.py"),
    "kedro run --pipelines monitoring": NotRun(
        "needs predictions of a service: tests/test_monitoring.py"
    ),
    "kedro run --pipelines batch_inference --params"
    " batch_inference.source=flowers.csv,batch_inference.layout=source"
    ",batch_inference.target=scores": (prints_when_activated("Scored  ")),
    "kedro watch": NotRun("runs until it is stopped: tests/test_watch.py"),
    "kedro registry list": prints_when_activated("model_release"),
    "kedro catalog describe-datasets": prints_when_activated("ModelRegistryDataset"),
    "kedro model list": prints_when_activated("Production"),
    "kedro model history": prints_when_activated("Production is version"),
    "kedro model history --at 2026-11-01T12:00": prints_when_activated(
        " in Production at 2026-11-01 12:00:00 UTC"
    ),
    "kedro model promote 3": prints_when_activated("Production of iris is version 3"),
    "kedro model rollback": prints_when_activated("Production of iris is version"),
    "kedro model resume": prints_when_activated("no longer on hold"),
    "kedro model canary": prints_when_activated("no canary is running"),
    "kedro model prune --keep 10": prints_when_activated("nothing to delete"),
    REFUSED: refuses_as_printed,
    "make image": NotRun("needs Docker or Podman: test-container"),
    "docker run -p 8000:8000 -v iris-models:/models"
    " -e MLFLOW_TRACKING_URI=http://mlflow.example:5000 iris-serving": NotRun(
        "needs Docker or Podman: test-container"
    ),
    "make stack": NotRun("needs Docker: tests/deploy run its services as processes"),
    "kedro model history --at": begins_another_command,
    "kedro run --env production": runs_on_another_store,
    "make notebooks-html": renders_notebooks,
    "make viz-build": writes("build/viz/index.html"),
    "make bench": NotRun("takes 15 minutes"),
    "make bench-peers": NotRun("takes longer still, and installs the peers"),
    "make bench-train": NotRun("takes minutes"),
    "make bench-evidence": NotRun("takes minutes: tests/benchmarks"),
    "make check-deploy": NotRun("needs programs that CI installs"),
    "make": prints("Train, compare, release"),
    "make check": NotRun("runs this test"),
}


def test_every_command_has_a_check():
    assert set(COMMANDS) == set(CHECKS)


@pytest.mark.slow
@pytest.mark.parametrize("command", [each for each in COMMANDS if each in CHECKS])
def test_command_works(clone, command):
    CHECKS[command](clone, command)
