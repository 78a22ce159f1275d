"""The services of the compose file as real processes of this machine."""

import os
import pwd
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest
import requests
import sqlalchemy
import yaml
from mlflow import MlflowClient
from sqlalchemy.engine import make_url

from iris_kedro.watcher.records.database import upgrade as upgrade_watcher
from serving.database.engine import connect
from serving.database.schema import upgrade
from serving.database.tables import predictions

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "compose"
COMPOSE = FOLDER / "compose.yaml"
PROMETHEUS = ROOT / "deploy" / "prometheus"
ALERTMANAGER = ROOT / "deploy" / "alertmanager"
# What Prometheus does in the tests in seconds; a budget of 30 days in five minutes.
FASTER = {
    "interval: 30s": "interval: 1s",
    "interval: 2m": "interval: 1s",
    "[30d:1h]": "[5m:1s]",
}
# Awkward on purpose: neither an address nor a shell may take them apart.
SECRETS = {
    "POSTGRES_PASSWORD": "p@ss:/w%rd",
    "MLFLOW_DATABASE_PASSWORD": "m#l%f/l@o:w?",
    "SERVING_DATABASE_PASSWORD": "p'r$1d\"c\\t",
    "TRAINING_DATABASE_PASSWORD": "$tr'ain ing",
    "S3_SETUP_SECRET_KEY": "setup/+=",
    "S3_MLFLOW_SECRET_KEY": "s3cret/+=",
    "MLFLOW_ADMIN_PASSWORD": "adm:n @ 12 letters",
    "MLFLOW_TRAINING_PASSWORD": "tr%in:ng, 12 letters",
    "MLFLOW_SERVING_PASSWORD": "s&rving/+= 12 letters",
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "secret",
    "GRAFANA_PASSWORD": "unused",
    "IRIS_WATCHER_TOKEN": "t0ken/+=",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], object], what: str, seconds: float = 120) -> None:
    """Wait for something to hold; a generous end, as machines are slow at times."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not in {seconds} s: {what}"
        time.sleep(0.2)


@pytest.fixture(scope="session")
def eventually() -> Callable[..., None]:
    return wait_until


@pytest.fixture(scope="session")
def find_port() -> Callable[[], int]:
    return free_port


@pytest.fixture(scope="session")
def compose() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())


@dataclass
class Stack:
    """Runs services of the compose file, with addresses of this machine."""

    compose: dict[str, Any]
    folder: Path
    addresses: dict[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def url(self, service: str) -> str:
        """Return the address of a service."""
        return f"http://{self.addresses[service]}"

    def port(self, service: str) -> str:
        return self.addresses[service].rpartition(":")[2]

    def command(self, service: str) -> list[str]:
        """Return a service's command, as the compose file has it."""
        return [self.localize(each) for each in self.compose[service]["command"]]

    def environ(self, service: str, **changes: object) -> dict[str, str]:
        """Return a service's environment, as the compose file has it."""
        settings = self.compose[service]["environment"]
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MLFLOW_", "AWS_", "IRIS_", "PG", "PROMETHEUS_"))
        }
        own = {name: self.localize(value) for name, value in settings.items()}
        return inherited | own | {name: str(each) for name, each in changes.items()}

    def localize(self, text: str) -> str:
        """Fill in secrets and defaults, and addresses of this machine."""
        text = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: SECRETS[found[1]], text)
        text = re.sub(r"\$\{\w+:-([^}]*)\}", lambda found: found[1], text)
        for place, address in self.addresses.items():
            text = text.replace(place, address)
        return text

    def start(
        self, name: str, command: list[str], **options: Any
    ) -> subprocess.Popen[bytes]:
        """Start a process; its output goes to a file."""
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, **options)
        self.processes.append(process)
        return process

    def wait_for(self, name: str, url: str) -> None:
        """Wait until a process answers."""
        process, log = self.processes[-1], self.folder / f"{name}.log"

        def answers() -> bool:
            assert process.poll() is None, log.read_text()
            try:
                return requests.get(url, timeout=5).ok
            except (requests.ConnectionError, requests.Timeout):
                return False

        wait_until(answers, f"{log} says why {name} does not start", seconds=300)

    def stop(self) -> None:
        """Stop the processes, last first."""
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def kedro(self, project: Path, *arguments: str, **changes: str) -> str:
        """Give a command to kedro, as in the trainer's container."""
        ran = subprocess.run(
            [sys.executable, "-m", "kedro", *arguments],
            cwd=project,
            env=self.environ("trainer", HOME=self.folder, COLUMNS=200, **changes),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def predict(self, body: Any, route: str = "/predict") -> requests.Response:
        return requests.post(self.url("serving:8000") + route, json=body, timeout=60)

    def ask(self, path: str, **parameters: object) -> Any:
        """Ask Prometheus' API."""
        url = f"{self.url('prometheus:9090')}/api/v1/{path}"
        answer = requests.get(url, params=parameters, timeout=60)
        assert answer.ok, f"{parameters}: {answer.text}"
        return answer.json()["data"]

    def value(self, expression: str) -> float | None:
        """Return the sum of what an expression gives now, None without any."""
        found = self.ask("query", query=expression)["result"]
        return sum(float(each["value"][1]) for each in found) if found else None


@pytest.fixture(scope="session")
def programs(require: Callable[[str, object, str], None]) -> dict[str, str]:
    """Find what no Python package brings."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    path = os.pathsep.join([*map(str, folders), os.environ["PATH"]])
    names = {
        "postgres": "postgresql",
        "initdb": "postgresql",
        "psql": "postgresql",
        "pg_dump": "postgresql",
        "pg_restore": "postgresql",
        "dropdb": "postgresql",
        "prometheus": "prometheus",
        "prometheus-alertmanager": "prometheus-alertmanager",
    }
    found = {name: shutil.which(name, path=path) for name in names}
    # Others call it as its makers do.
    found["prometheus-alertmanager"] = found["prometheus-alertmanager"] or shutil.which(
        "alertmanager"
    )
    for name, package in names.items():
        require(package, found[name], f"needs {name} (Debian: {package})")
    return {name: str(place) for name, place in found.items()}


# Not for the session: all these processes would run beside the other tests.
@pytest.fixture(scope="module")
def stores(compose: dict[str, Any], programs: dict[str, str]) -> Iterator[Stack]:
    """Start PostgreSQL and an S3 store, with databases, users and bucket."""
    # Not pytest's folder: PostgreSQL refuses root, and others may not look into it.
    folder = Path(tempfile.mkdtemp(prefix="iris-stack-"))
    folder.chmod(0o755)
    names = (
        "postgres:5432",
        "seaweedfs:8333",
        "mlflow:5000",
        "serving:8000",
        "watcher:8001",
        "prometheus:9090",
        "alertmanager:9093",
    )
    addresses = {name: f"127.0.0.1:{free_port()}" for name in names}
    stack = Stack(compose["services"], folder, addresses)
    try:
        start_postgres(stack, programs)
        start_object_store(stack)
        for _ in range(2):  # at each start of the stack
            create_databases(stack, programs)
            create_bucket(stack)
        yield stack
    finally:
        stack.stop()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def tracking_server(stores: Stack) -> Stack:
    """Start MLflow with its stores."""
    start_mlflow(stores)
    return stores


@pytest.fixture
def log_in(
    stores: Stack, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], MlflowClient]:
    """Return the function that makes a client of MLflow with a service's login."""

    def log_in(service: str) -> MlflowClient:
        settings = stores.environ(service)
        for name in ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"):
            monkeypatch.setenv(name, settings[name])
        return MlflowClient(stores.url("mlflow:5000"))

    return log_in


@pytest.fixture(scope="module")
def tables(stores: Stack) -> Stack:
    """Create the tables of the service and of the watcher, as each does itself."""
    for service, create in (("serving", upgrade), ("watcher", upgrade_watcher)):
        engine = connect(find_database(stores, service))
        create(engine)
        engine.dispose()
    return stores


@pytest.fixture
def ask_database(stores: Stack) -> Callable[..., Any]:
    """Return the function that sends a query to PostgreSQL as a service does."""
    users = {"mlflow": "mlflow", "serving": "serving", "watcher": "training"}

    def ask(service: str, query: str, database: str = "") -> Any:
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=stores.port("postgres:5432"),
            user=users[service],
            password=stores.environ(service)["PGPASSWORD"],
            dbname=database or ("mlflow" if service == "mlflow" else "predictions"),
        )
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchone()[0]
        finally:
            connection.close()

    return ask


@pytest.fixture(scope="module")
def stack(tracking_server: Stack, programs: dict[str, str]) -> Stack:
    """Start everything that does not train; the service has no model yet."""
    stores = tracking_server
    start_alertmanager(stores, programs)
    start_prometheus(stores, programs)
    start_service(stores)
    return stores


def start_postgres(stack: Stack, programs: dict[str, str]) -> None:
    settings = stack.environ("postgres")
    home = stack.folder / "postgres"
    home.mkdir()
    password = home / "password"
    password.write_text(settings["POSTGRES_PASSWORD"])
    options: dict[str, Any] = {"cwd": home}
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        for path in (home, password):
            os.chown(path, user.pw_uid, user.pw_gid)
        options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    initialize = [
        programs["initdb"],
        "--pgdata=data",
        f"--username={settings['POSTGRES_USER']}",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--no-sync",
    ]
    subprocess.run(initialize, check=True, capture_output=True, **options)
    port = stack.port("postgres:5432")
    command = [programs["postgres"], "-D", "data", "-p", port, "-k", str(home), "-F"]
    server = stack.start("postgres", command, **options)

    def answers() -> bool:
        assert server.poll() is None, (stack.folder / "postgres.log").read_text()
        try:
            connection = psycopg2.connect(
                host="127.0.0.1",
                port=port,
                user=settings["POSTGRES_USER"],
                password=settings["POSTGRES_PASSWORD"],
                dbname="postgres",
            )
        except psycopg2.OperationalError:
            return False
        connection.close()
        return True

    wait_until(answers, "PostgreSQL answers")


def create_databases(stack: Stack, programs: dict[str, str]) -> None:
    """Create databases and users as their container does."""
    name = "databases"
    here = {"--file=/databases.sql": f"--file={FOLDER}/postgres/databases.sql"}
    command = [here.get(each, each) for each in stack.command(name)]
    ran = subprocess.run(
        [programs["psql"], *command],
        env=stack.environ(name),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


def start_object_store(stack: Stack) -> None:
    command = [str(Path(sys.executable).with_name("moto_server"))]
    port = stack.port("seaweedfs:8333")
    stack.start("seaweedfs", [*command, "-H", "127.0.0.1", "-p", port])
    stack.wait_for("seaweedfs", f"{stack.url('seaweedfs:8333')}/moto-api/")


def create_bucket(stack: Stack) -> None:
    """Create the bucket as its container does."""
    command = [sys.executable, str(FOLDER / "seaweedfs/bucket.py")]
    subprocess.run(command, env=stack.environ("bucket"), check=True)


def connect_object_store(stack: Stack) -> Any:
    """Connect to the object store with MLflow's own credentials."""
    settings = stack.environ("mlflow")
    return boto3.client(
        "s3",
        endpoint_url=settings["MLFLOW_S3_ENDPOINT_URL"],
        aws_access_key_id=settings["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=settings["AWS_SECRET_ACCESS_KEY"],
        region_name=settings["AWS_DEFAULT_REGION"],
    )


@pytest.fixture
def object_store(stores: Stack) -> Any:
    return connect_object_store(stores)


def configure_login(stack: Stack) -> dict[str, Path]:
    """Write the configuration of MLflow's users; return the variable that names it."""
    file = stack.folder / "basic_auth.ini"
    text = (FOLDER / "mlflow/basic_auth.ini").read_text()
    file.write_text(stack.localize(text))
    return {"MLFLOW_AUTH_CONFIG_PATH": file}


def set_up_mlflow(stack: Stack, **changes: str) -> None:
    """Upgrade MLflow's tables and set its users as their container does."""
    environ = stack.environ("mlflow-setup", **configure_login(stack), **changes)
    command = [sys.executable, str(FOLDER / "mlflow/setup.py")]
    ran = subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.fixture(scope="session")
def set_up() -> Callable[..., None]:
    return set_up_mlflow


def start_mlflow(stack: Stack) -> None:
    set_up_mlflow(stack)
    port = stack.port("mlflow:5000")
    replaced = {"--host=0.0.0.0": "--host=127.0.0.1", "--port=5000": f"--port={port}"}
    program, *arguments = stack.command("mlflow")
    command = [
        str(Path(sys.executable).with_name(program)),
        *(replaced.get(each, each) for each in arguments),
    ]
    environ = stack.environ("mlflow", HOME=stack.folder, **configure_login(stack))
    stack.start("mlflow", command, cwd=stack.folder, env=environ)
    stack.wait_for("mlflow", f"{stack.url('mlflow:5000')}/health")


def start_alertmanager(stack: Stack, programs: dict[str, str]) -> None:
    configuration = (ALERTMANAGER / "alertmanager.yml").read_text()
    secrets = {
        "slack_webhook_url": "http://127.0.0.1:9/",
        "watcher_token": SECRETS["IRIS_WATCHER_TOKEN"],
    }
    for name, secret in secrets.items():
        (stack.folder / name).write_text(secret)
    configuration = stack.localize(configuration).replace(
        "/run/secrets", str(stack.folder)
    )
    file = stack.folder / "alertmanager.yml"
    file.write_text(configuration.replace("group_wait: 30s", "group_wait: 1s"))
    command = [
        programs["prometheus-alertmanager"],
        f"--config.file={file}",
        f"--storage.path={stack.folder}/alertmanager",
        f"--web.listen-address={stack.addresses['alertmanager:9093']}",
        "--cluster.listen-address=",
    ]
    stack.start("alertmanager", command)
    stack.wait_for("alertmanager", f"{stack.url('alertmanager:9093')}/-/ready")


def start_prometheus(stack: Stack, programs: dict[str, str]) -> None:
    """Start Prometheus with the project's files, only faster."""
    settings = yaml.safe_load(
        stack.localize((PROMETHEUS / "prometheus.yml").read_text())
    )
    settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    folder = stack.folder / "prometheus"
    (folder / "rules").mkdir(parents=True)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    for file in (PROMETHEUS / "rules").glob("*.yml"):
        text = file.read_text()
        for slow, fast in FASTER.items():
            text = text.replace(slow, fast)
        rules = yaml.safe_load(text)
        for rule in (rule for group in rules["groups"] for rule in group["rules"]):
            if rule.get("alert") == "ServingAccuracyLow":
                rule["for"] = "2s"
        (folder / "rules" / file.name).write_text(yaml.safe_dump(rules))
    command = [
        programs["prometheus"],
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={stack.addresses['prometheus:9090']}",
    ]
    stack.start("prometheus", command)
    stack.wait_for("prometheus", f"{stack.url('prometheus:9090')}/-/ready")


def start_service(stack: Stack) -> None:
    environ = stack.environ(
        "serving",
        IRIS_BIND=stack.addresses["serving:8000"],
        IRIS_STORE=stack.folder / "models",
        IRIS_FOLLOW_SECONDS=0.5,
        PYTHONPATH=ROOT,
    )
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        "python:serving.server.gunicorn_conf",
    ]
    stack.start("serving", command, cwd=stack.folder, env=environ)
    stack.wait_for("serving", f"{stack.url('serving:8000')}/health/live")


@dataclass(frozen=True)
class Loop:
    """The stack after a first release, a refused one, traffic and a promotion."""

    stack: Stack
    started: float
    first_run: str


@pytest.fixture(scope="module")
def loop(stack: Stack, copy_project: Callable[..., Any], tmp_path_factory: Any) -> Loop:
    """Go through all that the dashboards show."""
    started = time.time()
    setosa = {
        "sepal_length": 5.1,
        "sepal_width": 3.5,
        "petal_length": 1.4,
        "petal_width": 0.2,
    }
    for _ in range(5):
        assert stack.predict(setosa).status_code == 503
    # What appears with its first event only grows from the next scrape on.
    failed = "flask_http_request_duration_seconds_count"
    wait_until(lambda: stack.value(f'{failed}{{status="503"}}'), "they are scraped")
    assert stack.predict(setosa).status_code == 503

    project = copy_project(tmp_path_factory.mktemp("stack") / "project", small=True)
    first_run = stack.kedro(project.path, "run")
    wait_until(lambda: stack.predict(setosa).ok, "the first version answers")
    give_feedback(stack, "1")
    parameters = "data_science.candidates.logistic_regression.grid"
    project.change("parameters_data_science.yml", parameters, {"C": [0.0001]})
    stack.kedro(project.path, "run")
    shadow = "serving_shadow_predictions_total"

    def is_compared() -> bool:
        send_traffic(stack, setosa)
        return bool(stack.value(f"sum({shadow})"))

    wait_until(is_compared, "the refused version is computed beside")
    end = time.monotonic() + 5
    while time.monotonic() < end:
        send_traffic(stack, setosa)
    reason = ("--reason", "of the test")
    stack.kedro(project.path, "model", "promote", "2", "--guard", *reason)
    version_2 = 'sum(serving_predictions_total{version="2"})'

    def answers_second() -> bool:
        send_traffic(stack, setosa)
        return bool(stack.value(version_2))

    wait_until(answers_second, "the promoted version answers")
    end = time.monotonic() + 5
    while time.monotonic() < end:
        send_traffic(stack, setosa)
    return Loop(stack, started, first_run)


@dataclass(frozen=True)
class Watched:
    """The stack with a watcher, after an alert that it got."""

    loop: Loop
    decisions: list[dict[str, Any]]
    triggers: list[dict[str, Any]]
    labels: list[dict[str, Any]]


@pytest.fixture(scope="module")
def watched(
    loop: Loop, copy_project: Callable[..., Any], tmp_path_factory: Any
) -> Watched:
    """Report that Production is mostly wrong, and let a watcher get the alert."""
    stack = loop.stack
    project = copy_project(tmp_path_factory.mktemp("watcher") / "project", small=True)
    project.change("parameters_watcher.yml", "watcher.poll_seconds", 0.5)
    file = project.path / "conf/production/parameters_watcher.yml"
    settings = yaml.safe_load(file.read_text())
    # The alert shall be the only trigger, although there are reports all the time.
    often = "*/10 * * * * *"  # of a minute's seconds
    settings["watcher"]["triggers"] |= {"monitoring": often, "verdicts": []}
    file.write_text(yaml.safe_dump(settings))

    report_wrong(stack, rows=5)
    counted = 'sum(serving_feedback_total{version="2"})'
    wait_until(lambda: stack.value(counted), "Prometheus has the first labels")
    command = [sys.executable, "-m", "kedro", *stack.command("watcher")]
    environ = stack.environ(
        "watcher",
        HOME=stack.folder,
        IRIS_WATCHER_BIND=stack.addresses["watcher:8001"],
    )
    stack.start("watcher", command, cwd=project.path, env=environ)
    stack.wait_for("watcher", f"{stack.url('watcher:8001')}/health")
    # Before the training: the next version has no labels.
    wait_until(lambda: stack.value("monitoring_accuracy") is not None, "a report")
    report_wrong(stack, rows=120)

    def read(query: str) -> list[dict[str, Any]]:
        engine = connect(find_database(stack, "watcher"))
        with engine.connect() as connection:
            rows = [
                dict(row)
                for row in connection.execute(sqlalchemy.text(query)).mappings()
            ]
        engine.dispose()
        return rows

    decided = "SELECT * FROM watcher_decisions WHERE outcome IS NOT NULL"
    log = stack.folder / "watcher.log"
    wait_until(lambda: read(decided), f"a run; {log} says why not", seconds=240)
    wait_until(lambda: stack.value("watcher_runs_total"), "the run is scraped")
    triggers = read("SELECT * FROM watcher_triggers")
    labels = read("SELECT * FROM watcher_labels")
    return Watched(loop, read(decided), triggers, labels)


def report_wrong(stack: Stack, rows: int) -> None:
    """Let the service predict, and report another class for each row."""
    row = {
        "sepal_length": 5.1,
        "sepal_width": 3.5,
        "petal_length": 1.4,
        "petal_width": 0.2,
    }
    batch = [row | {"sepal_length": 4.3 + each / 100} for each in range(rows)]
    answer = stack.predict({"instances": batch}, "/predict/batch").json()
    others = {"setosa": "virginica", "virginica": "versicolor", "versicolor": "setosa"}
    items = [
        {
            "prediction_id": answer["prediction_id"],
            "row": number,
            "label": others[each],
        }
        for number, each in enumerate(answer["predictions"])
    ]
    # It is stored after the answer; until then its id is unknown.
    wait_until(
        lambda: stack.predict({"feedback": items}, "/feedback").ok, "feedback is taken"
    )


def send_traffic(stack: Stack, setosa: dict[str, float]) -> None:
    """Send requests of every kind, good and bad ones."""
    virginica = setosa | {"petal_length": 6.0, "petal_width": 2.2}
    for row in (setosa, virginica, setosa | {"petal_width": 9.0}):
        assert stack.predict(row).ok
    batch = {"instances": [setosa, virginica, virginica]}
    assert stack.predict(batch, "/predict/batch").ok
    assert stack.predict({**setosa, "petal_width": "wide"}).status_code == 422
    assert stack.predict(setosa, "/nowhere").status_code == 404


def find_database(stack: Stack, service: str = "serving") -> str:
    """Return the database of predictions, with a service's user and password."""
    settings = stack.environ(service)
    url = make_url(settings["IRIS_DATABASE_URL"]).set(password=settings["PGPASSWORD"])
    return url.render_as_string(hide_password=False)


def give_feedback(stack: Stack, version: str) -> None:
    """Tell the service that a prediction of a version was right, and another wrong."""
    engine = connect(find_database(stack))
    upgrade(engine)
    common = {
        "prediction_id": f"of-version-{version}",
        "predicted_at": time.time(),
        "model": "iris",
        "version": version,
        "arm": "production",
        "request_id": "",
        "route": "/predict",
        "features": "{}",
        "prediction": "setosa",
        "probabilities": "{}",
    }
    with engine.begin() as connection:
        rows = [common | {"row_index": row} for row in range(2)]
        connection.execute(predictions.insert(), rows)
    engine.dispose()
    for row, label in enumerate(["setosa", "virginica"]):
        item = {"prediction_id": common["prediction_id"], "row": row, "label": label}
        answer = stack.predict(item, "/feedback")
        assert answer.ok, answer.text
