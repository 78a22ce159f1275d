"""Backup and restore, with real stores and programs in place of containers."""

import importlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest

from tests.fixtures.processes import wait_until

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parents[2] / "deploy/compose"
SCRIPTS = FOLDER / "backup"
# Containers become processes; starting and stopping them does nothing here.
DOCKER = """#!{python}
import json, os, sys, time

verb, *rest = sys.argv[4:]  # after: docker compose --file …
profiles = []
while verb == "--profile":
    profile, verb, *rest = rest
    profiles.append(profile)
while rest and rest[0].startswith("-"):
    rest.pop(0)
service = rest.pop(0) if verb in ("exec", "run") else None
services = json.load(open({services!r}))
with open({log!r}, "a") as log:
    print(verb, service or "", *rest[:1], *profiles, file=log)
if verb == "ps":
    print(os.environ.get("RUNNING", ""))
if service and service == os.environ.get("HANG"):
    time.sleep(600)
if service and service == os.environ.get("FAIL"):
    sys.exit("broken")
if service:
    program = rest or services[service]["command"]
    environ = services[service]["environ"]
    os.environ["PATH"] = environ["PATH"]
    os.execvpe(program[0], program, environ)
"""


@dataclass(frozen=True)
class Machine:
    """A machine with the stack, on which backups are made.

    Attributes:
        environ: With the stand-in for Docker.
        log: Its commands.
    """

    environ: dict[str, str]
    log: Path

    def run(self, script, *arguments, **options):
        """Run a script; return what it says."""
        environ = self.environ | options.pop("environ", {})
        command = [sys.executable, SCRIPTS / script, *arguments]
        options |= {"capture_output": True, "text": True}
        return subprocess.run(command, env=environ, check=False, **options)

    @contextmanager
    def start(self, script, *arguments, **environ):
        """Start a script; end it with all that it has started."""
        command = [sys.executable, SCRIPTS / script, *arguments]
        process = subprocess.Popen(
            command, env=self.environ | environ, start_new_session=True
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def back_up(self, folder):
        """Make a backup; return its folder."""
        ran = self.run("create.py", folder)
        assert ran.returncode == 0, ran.stderr
        (backup,) = [each for each in folder.iterdir() if each.name[0] != "."]
        return backup


@pytest.fixture(scope="module")
def machine(stores, programs):
    places = [sys.executable, *programs.values()]
    path = os.pathsep.join(dict.fromkeys(str(Path(each).parent) for each in places))
    path += os.pathsep + os.environ["PATH"]

    def describe(service, command=None, **more):
        environ = stores.environ(service) | more | {"PATH": path}
        return {"command": command, "environ": environ}

    postgres = stores.environ("postgres")
    access = {"PGHOST": "127.0.0.1", "PGPORT": stores.port("postgres:5432")}
    create = ["psql", *stores.command("databases")[:-1]]
    create.append(f"--file={FOLDER}/postgres/databases.sql")
    services = {
        "postgres": describe(
            "postgres", **access, PGPASSWORD=postgres["POSTGRES_PASSWORD"]
        ),
        "databases": describe("databases", create),
        "bucket": describe("bucket", ["python3", f"{FOLDER}/seaweedfs/bucket.py"]),
        "mlflow": describe("mlflow"),
    }
    file, log = stores.folder / "services.json", stores.folder / "docker.log"
    file.write_text(json.dumps(services))
    docker = stores.folder / "bin/docker"
    docker.parent.mkdir()
    docker.write_text(
        DOCKER.format(python=sys.executable, services=str(file), log=str(log))
    )
    docker.chmod(0o755)
    environ = {**os.environ, "PATH": f"{docker.parent}{os.pathsep}{path}"}
    return Machine(environ, log)


def ask(stores, database, query):
    """Send a query as PostgreSQL's superuser; return its rows."""
    connection = psycopg2.connect(
        host="127.0.0.1",
        port=stores.port("postgres:5432"),
        user="postgres",
        password=stores.environ("postgres")["POSTGRES_PASSWORD"],
        dbname=database,
    )
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def read_objects(client):
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="mlflow")
    keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
    return {
        key: client.get_object(Bucket="mlflow", Key=key)["Body"].read() for key in keys
    }


OBJECTS = {
    "artifacts/1/model.onnx": b"model",
    "artifacts/empty": b"",
    f"artifacts/{'long/' * 60}ü % +.bin": b"name",
    "artifacts/large": os.urandom(20_000_000),
}


@pytest.fixture(scope="module")
def filled(tables, set_up):
    """Fill the stores as MLflow, the service and the watcher do."""
    set_up(tables)
    return tables


ADD_LABEL = "INSERT INTO feedback VALUES ('id', 0, 'setosa', 1.5)"
ADD_EXPERIMENT = (
    "INSERT INTO experiments (name, artifact_location, lifecycle_stage, workspace)"
    " VALUES ('kept', 'mlflow-artifacts:/7', 'active', 'default')"
)


@pytest.fixture
def contents(filled, object_store):
    """Give the stores something to keep; take it away afterwards."""
    for key, content in OBJECTS.items():
        object_store.put_object(Bucket="mlflow", Key=key, Body=content)
    ask(filled, "predictions", ADD_LABEL)
    ask(filled, "mlflow", ADD_EXPERIMENT)
    yield filled
    for key in read_objects(object_store):
        object_store.delete_object(Bucket="mlflow", Key=key)
    ask(filled, "predictions", "DELETE FROM feedback")
    ask(filled, "mlflow", "DELETE FROM experiments WHERE name = 'kept'")


def read_rows(stores):
    labels = ask(stores, "predictions", "SELECT * FROM feedback")
    experiments = ask(stores, "mlflow", "SELECT name FROM experiments ORDER BY name")
    return labels, [name for (name,) in experiments]


def read_owners(stores, database):
    query = "SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public'"
    return dict(ask(stores, database, query))


def test_a_restored_stack_is_as_before(contents, machine, object_store, tmp_path):
    rows = read_rows(contents)
    owners = [read_owners(contents, name) for name in ("mlflow", "predictions")]

    backup = machine.back_up(tmp_path)
    object_store.delete_object(Bucket="mlflow", Key="artifacts/large")
    object_store.put_object(Bucket="mlflow", Key="artifacts/later", Body=b"")
    ask(contents, "predictions", "UPDATE feedback SET label = 'other'")
    ask(contents, "mlflow", "CREATE TABLE later (number int)")
    ran = machine.run("restore.py", backup, "--replace")

    assert ran.returncode == 0, ran.stderr
    assert read_objects(object_store) == OBJECTS
    assert read_rows(contents) == rows
    assert rows[1] == ["Default", "kept"] or rows[1] == ["kept"]
    assert [read_owners(contents, name) for name in ("mlflow", "predictions")] == owners
    assert set(owners[0].values()) == {"mlflow"}
    assert owners[1]["feedback"] == "serving"
    assert owners[1]["watcher_triggers"] == "training"


def test_training_reads_restored_labels(contents, machine, ask_database, tmp_path):
    machine.run("restore.py", machine.back_up(tmp_path), "--replace")

    assert ask_database("watcher", "SELECT label FROM feedback") == "setosa"


def test_a_stack_with_data_is_not_overwritten(
    contents, machine, object_store, tmp_path
):
    backup = machine.back_up(tmp_path)
    before = read_rows(contents)

    ran = machine.run("restore.py", backup)

    assert ran.returncode == 1
    assert "the stack is not empty: it has" in ran.stderr
    assert f"{len(OBJECTS)} objects in the bucket" in ran.stderr
    assert "REPLACE=1" in ran.stderr
    assert read_rows(contents) == before


def test_a_backup_is_restored_into_a_new_stack(
    contents, machine, object_store, tmp_path
):
    backup = machine.back_up(tmp_path)
    rows = read_rows(contents)
    for database in ("mlflow", "predictions"):
        ask(contents, "postgres", f"DROP DATABASE {database} WITH (FORCE)")
    for key in OBJECTS:
        object_store.delete_object(Bucket="mlflow", Key=key)

    ran = machine.run("restore.py", backup)

    assert ran.returncode == 0, ran.stderr
    assert read_rows(contents) == rows
    assert read_objects(object_store) == OBJECTS


@pytest.mark.parametrize("options", [[], ["--replace"]])
def test_a_manual_run_is_not_disturbed(machine, backup, options):
    label = "com.docker.compose.oneoff"
    run = {"Name": "iris-trainer-run-0a", "Labels": f"a=b,{label}=True"}
    service = {"Name": "iris-mlflow-1", "Labels": f"{label}=False"}
    running = f"{json.dumps(service)}\n{json.dumps(run)}"
    machine.log.write_text("")

    ran = machine.run("restore.py", backup, *options, environ={"RUNNING": running})

    assert ran.returncode == 1
    assert ran.stderr.endswith("docker stop iris-trainer-run-0a\n")
    assert [line.split()[0] for line in machine.log.read_text().splitlines()] == ["ps"]


def test_services_of_all_profiles_are_stopped(filled, machine, backup):
    machine.log.write_text("")

    ran = machine.run("restore.py", backup, "--replace")

    assert ran.returncode == 0, ran.stderr
    assert "\nstop  manual scale\n" in machine.log.read_text()


@pytest.fixture(scope="module")
def kept(filled, machine, tmp_path_factory):
    """Make a backup."""
    return machine.back_up(tmp_path_factory.mktemp("backups"))


@pytest.fixture
def backup(kept, tmp_path):
    """Return a copy of a backup, to be damaged."""
    return shutil.copytree(kept, tmp_path / "backup")


@pytest.mark.parametrize("name", ["mlflow.dump", "predictions.dump", "objects.tar"])
def test_a_damaged_backup_changes_nothing(machine, backup, name):
    content = bytearray((backup / name).read_bytes())
    content[len(content) // 2] ^= 1
    (backup / name).write_bytes(content)
    machine.log.write_text("")

    ran = machine.run("restore.py", backup, "--replace")

    assert ran.returncode == 1
    assert f"{name} is damaged" in ran.stderr
    assert not machine.log.read_text()


@pytest.mark.parametrize("name", ["manifest.json", "mlflow.dump"])
def test_an_incomplete_backup_is_refused(machine, backup, name):
    (backup / name).unlink()

    ran = machine.run("restore.py", backup, "--replace")

    assert ran.returncode == 1
    assert name in ran.stderr


def test_the_databases_are_copied_before_the_bucket(filled, machine, tmp_path):
    machine.log.write_text("")

    machine.back_up(tmp_path)

    services = [line.split()[1] for line in machine.log.read_text().splitlines()]
    assert services == ["postgres", "postgres", "mlflow"]


def test_only_its_owner_reads_a_backup(kept):
    assert kept.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in kept.iterdir())


def wait_for(process, folder, pattern):
    """Wait until a running backup has written a file."""
    wait_until(
        lambda: process.poll() or list(folder.glob(pattern)), f"{pattern} exists"
    )
    assert process.poll() is None


def test_a_killed_backup_is_not_a_backup(filled, machine, tmp_path):
    with machine.start("create.py", tmp_path, HANG="mlflow") as process:
        wait_for(process, tmp_path, ".partial-*/objects.tar")
    left = [each.name for each in tmp_path.iterdir()]

    assert machine.back_up(tmp_path)
    assert all(name.startswith(".") for name in left)
    assert not list(tmp_path.glob(".partial-*"))


def test_two_backups_do_not_run_at_the_same_time(filled, machine, tmp_path):
    with machine.start("create.py", tmp_path, HANG="postgres") as process:
        wait_for(process, tmp_path, ".partial-*")

        ran = machine.run("create.py", tmp_path)

    assert ran.returncode == 1
    assert "another backup" in ran.stderr


def test_a_full_disk_leaves_nothing_behind(contents, machine, tmp_path):
    def limit():  # the size of files, in place of a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, 10_000_000))

    ran = machine.run("create.py", tmp_path, preexec_fn=limit)

    assert ran.returncode == 1
    assert "No backup was created: cannot write" in ran.stderr
    assert "objects.tar: File too large after 10 MB" in ran.stderr
    assert [each.name for each in tmp_path.iterdir()] == [".lock"]


@pytest.mark.parametrize("service", ["postgres", "mlflow"])
def test_a_failed_step_is_reported(filled, machine, tmp_path, service):
    ran = machine.run("create.py", tmp_path, environ={"FAIL": service})

    assert ran.returncode == 1
    assert f"docker compose exec -T {service}" in ran.stderr
    assert [each.name for each in tmp_path.iterdir()] == [".lock"]


def test_an_object_that_is_deleted_meanwhile_is_omitted(
    contents, object_store, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(SCRIPTS)
    objects = importlib.import_module("objects")
    keys = ["artifacts/gone", "artifacts/1/model.onnx"]
    monkeypatch.setattr(objects, "list_pages", lambda _: [keys])
    with (tmp_path / "objects.tar").open("wb") as file:
        objects.export_objects(object_store, file)
    object_store.delete_object(Bucket="mlflow", Key=keys[1])
    with (tmp_path / "objects.tar").open("rb") as file:
        objects.import_objects(object_store, file)

    assert read_objects(object_store)[keys[1]] == b"model"
    assert keys[0] not in read_objects(object_store)
