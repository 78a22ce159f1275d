"""The compose file, checked without Docker."""

import importlib.util
import re
from pathlib import Path

import pytest
import yaml

from serving.config import Config
from serving.monitoring.multiprocess.folder import ROOM_BYTES

FOLDER = Path(__file__).parents[2] / "deploy" / "compose"
COMPOSE = FOLDER / "compose.yaml"
CONTENT = yaml.safe_load(COMPOSE.read_text())
SERVICES = CONTENT["services"]
ONE_SHOT = {"bucket", "databases", "mlflow-setup", "scoring", "trainer"}
MANUAL = {"scoring", "trainer"}
SECRET = re.compile("PASSWORD|SECRET|TOKEN")

every_service = pytest.mark.parametrize(
    "service", [pytest.param(each, id=name) for name, each in SERVICES.items()]
)


@every_service
def test_all_services_have_the_common_restrictions(service):
    """Without them, a container has capabilities, and logs that fill the disk."""
    common = CONTENT["x-container"].keys() - {"restart", "read_only", "tmpfs"}

    assert {name: service.get(name) for name in common} == {
        name: CONTENT["x-container"][name] for name in common
    }
    assert not service.keys() & {"privileged", "cap_add", "network_mode", "pid", "ipc"}


@every_service
def test_kedro_finds_its_folders_writable(service):
    """Every run writes its records; the other folders of the image are read-only."""
    if "KEDRO_ENV" in service.get("environment", {}):
        needed = {*CONTENT["x-container"]["tmpfs"], "/project/.viz"}
        assert needed <= {*service["tmpfs"]}


@every_service
def test_secrets_of_variables_have_a_writable_service(service):
    """Compose refuses to start a read-only service that has one."""
    copied = [
        name
        for name in service.get("secrets", [])
        if "environment" in CONTENT["secrets"][name]
    ]

    assert not (copied and service["read_only"])


@every_service
def test_resources_are_limited(service):
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}


def test_workers_have_space_to_share_their_metrics():
    mebibytes = int(SERVICES["serving"]["shm_size"].removesuffix("m"))

    assert mebibytes * 1024**2 >= ROOM_BYTES


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONE_SHOT))
def test_service_has_a_health_check(name):
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@every_service
def test_image_is_pinned_or_built_here(service):
    if "build" in service:
        assert re.fullmatch(r"\$\{\w+_IMAGE:-iris-\w+\}|iris-mlflow", service["image"])
    else:
        tag = service["image"].rpartition(":")[2]
        assert re.search(r"\d+\.\d+", tag)


@every_service
def test_built_images_know_the_commit(service):
    build = service.get("build", {})
    if "target" in build:
        assert build["args"].keys() == {"VERSION", "REVISION"}
        dockerfile = (FOLDER / build["context"] / "Dockerfile").read_text()
        assert all(f"ARG {name}=" in dockerfile for name in build["args"])


@every_service
def test_ports_are_only_open_to_this_machine(service):
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


@every_service
def test_no_secret_is_in_the_file(service):
    secrets = {
        name: value
        for name, value in service.get("environment", {}).items()
        if SECRET.search(name)
    }

    # Required, or empty by default.
    assert all(re.fullmatch(r"\$\{\w+(:\?.+|:-)\}", each) for each in secrets.values())


def test_example_names_every_variable_and_no_password():
    used = set(re.findall(r"\$\{(\w+)", COMPOSE.read_text()))
    used |= {each["environment"] for each in CONTENT["secrets"].values()}
    used -= {"VERSION", "REVISION"}  # from make
    lines = (FOLDER / ".env.example").read_text().splitlines()
    example = dict(line.split("=", 1) for line in lines if "=" in line)

    assert example.keys() == used
    assert not any(value for name, value in example.items() if SECRET.search(name))


@every_service
def test_dependencies_wait_for_the_right_condition(service):
    for name, condition in service.get("depends_on", {}).items():
        wanted = condition["condition"]
        if wanted == "service_healthy":
            assert "healthcheck" in SERVICES[name]
        elif wanted == "service_completed_successfully":
            assert SERVICES[name]["restart"] != "unless-stopped"


def test_each_service_that_exits_is_waited_for():
    """Otherwise `docker compose up --wait` fails although all is well."""
    waited_for = {
        name
        for each in SERVICES.values()
        for name, condition in each.get("depends_on", {}).items()
        if condition["condition"] == "service_completed_successfully"
    }

    assert waited_for == ONE_SHOT - MANUAL


@every_service
def test_mounted_files_exist(service):
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("."):
            assert (FOLDER / source).exists()
            assert volume.endswith(":ro")
        else:
            assert source in CONTENT["volumes"]


def test_every_volume_is_used_by_one_service():
    """Except that workers read the rows and write the scores of a run themselves."""
    used = [
        volume.split(":")[0]
        for name, each in SERVICES.items()
        for volume in each.get("volumes", [])
        if not volume.startswith(".") and name != "dask-worker"
    ]

    assert sorted(used) == sorted(CONTENT["volumes"])
    assert SERVICES["dask-worker"]["volumes"] == SERVICES["scoring"]["volumes"]


@pytest.mark.parametrize(
    ("network", "passwords"),
    [
        ("storage", "POSTGRES_PASSWORD|MLFLOW_DATABASE_PASSWORD"),
        ("objects", "S3_.+_SECRET_KEY"),
        ("predictions", "POSTGRES_PASSWORD|(SERVING|TRAINING)_DATABASE_PASSWORD"),
    ],
)
def test_only_services_with_its_password_reach_a_store(network, passwords):
    reference = re.compile(rf"\$\{{({passwords}):\?")
    holders = {
        name
        for name, each in SERVICES.items()
        if any(map(reference.match, each.get("environment", {}).values()))
    }

    assert CONTENT["networks"][network]["internal"] is True
    inside = {name for name, each in SERVICES.items() if network in each["networks"]}
    assert inside
    assert inside <= holders


def test_only_setup_services_have_superuser_passwords():
    """As well as the passwords of the MLflow admin and the key that creates buckets."""
    for secret, users in {
        "POSTGRES_PASSWORD": {"postgres", "databases"},
        "S3_SETUP_SECRET_KEY": {"seaweedfs", "bucket"},
        "MLFLOW_ADMIN_PASSWORD": {"mlflow-setup"},
    }.items():
        holders = {
            name
            for name, each in SERVICES.items()
            if f"${{{secret}:?" in str(each.get("environment", {}))
        }
        assert holders == users


def test_training_and_serving_have_the_same_model():
    """All that run Kedro have its environment; all that use predictions, the name."""
    kedro, models = (
        {
            name: each["environment"][variable]
            for name, each in SERVICES.items()
            if variable in each.get("environment", {})
        }
        for variable in ("KEDRO_ENV", "IRIS_MODEL_NAME")
    )

    assert len({*kedro.values()}) == len({*models.values()}) == 1
    for name, service in SERVICES.items():
        runs_dask = service.get("entrypoint") == ["dask"]
        if "TRAINING_IMAGE" in service["image"] and not runs_dask:
            assert name in kedro
            assert "--env" not in " ".join(service.get("command", []))
        if "IRIS_DATABASE_URL" in service.get("environment", {}):
            assert name in models


@pytest.mark.parametrize(
    ("written", "url", "ratio"),
    [
        ({}, None, 1),
        (
            {
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318",
                "OTEL_TRACES_SAMPLER_ARG": "0.01",
            },
            "http://collector:4318/v1/traces",
            0.01,
        ),
    ],
)
def test_env_turns_traces_on(written, url, ratio):
    environment = SERVICES["serving"]["environment"]
    environ = {
        name: re.sub(r"\$\{(\w+):-\}", lambda it: written.get(it[1], ""), value)
        for name, value in environment.items()
        if name.startswith("OTEL_")
    }

    config = Config.from_env(environ)

    assert (config.traces_url, config.traces_ratio) == (url, ratio)


def test_only_its_users_reach_the_cluster():
    """It runs any code that it is sent."""
    inside = {name for name, each in SERVICES.items() if "cluster" in each["networks"]}

    assert CONTENT["networks"]["cluster"]["internal"] is True
    assert inside == {"dask-scheduler", "dask-worker", "scoring"}
    for name in ("dask-scheduler", "dask-worker"):
        assert SERVICES[name]["networks"] == ["cluster"]
        assert not SERVICES[name].get("ports")


def test_services_share_a_network_with_their_addresses():
    addresses = {"mlflow": ["trainer", "watcher", "scoring", "retention", "serving"]}
    addresses |= {"seaweedfs": ["bucket", "mlflow"]}
    addresses |= {"serving": ["prometheus"], "watcher": ["prometheus", "alertmanager"]}
    addresses |= {"postgres": ["databases", "mlflow-setup", "mlflow", "retention"]}
    for name in ("watcher", "trainer", "scoring", "serving"):
        addresses["postgres"].append(name)
    addresses |= {"dask-scheduler": ["dask-worker", "scoring"]}
    addresses |= {"prometheus": ["grafana"], "alertmanager": ["prometheus", "grafana"]}

    for server, clients in addresses.items():
        for client in clients:
            shared = {*SERVICES[server]["networks"]} & {*SERVICES[client]["networks"]}
            assert shared, f"{client} does not reach {server}"


def test_restoring_stops_all_profiles():
    """Otherwise it leaves services running that use the databases."""
    profiles = {name for each in SERVICES.values() for name in each.get("profiles", [])}

    assert {*load("backup/stack.py").ALL_PROFILES} == {"--profile", *profiles}


def load(script):
    """Import a script of the stack, which is not in a package."""
    place = FOLDER / script
    specification = importlib.util.spec_from_file_location(place.stem, place)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def complete():
    """Return the function that fills in .env."""
    return load("write_env.py").complete


def read_variables(text):
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_a_new_env_has_its_own_secrets(complete):
    example = (FOLDER / ".env.example").read_text()

    first, second = (read_variables(complete(example, "")) for _ in range(2))

    assert first.keys() == read_variables(example).keys()
    for name, value in first.items():
        if re.search("_PASSWORD$|_TOKEN$|_SECRET_KEY$", name):
            assert re.fullmatch("[0-9a-f]{48}", value)
            assert value != second[name]
        else:
            assert value == read_variables(example)[name]


def test_an_old_env_gets_missing_variables(complete):
    example = (FOLDER / ".env.example").read_text()
    old = "# mine\nPOSTGRES_PASSWORD=kept\nSLACK_WEBHOOK_URL=https://slack.example/"

    new = complete(example, old)

    assert new.startswith(f"{old}\n")
    assert read_variables(new).keys() == read_variables(example).keys()
    assert read_variables(new)["MLFLOW_ADMIN_PASSWORD"]
    assert complete(example, new) == new
