"""The content and configuration of the images."""

import json
import os
import re

import pytest

# The first test that needs an image builds it.
pytestmark = [pytest.mark.container, pytest.mark.timeout(900)]

LARGEST = 300e6  # bytes over the base image; 44e6 are the clients of databases
USER = "10001:10001"
INSTALLED = """
import importlib.metadata as metadata, json
print(json.dumps(sorted(each.name.lower() for each in metadata.distributions())))
"""


@pytest.fixture
def config(engine, serving_image):
    return engine.inspect_image(serving_image)["Config"]


def measure(engine, image):
    """Add up its files: engines that keep layers compressed call something else size.

    Docker keeps the base that it builds on to itself; a container has it pulled.
    """
    counted = engine("run", "--rm", "--user=0", image, "du", "-sbx", "/")
    return int(counted.stdout.split()[0])


@pytest.fixture
def base(pytestconfig) -> str:
    """Return the base image: that of the Dockerfile unless the build names another."""
    arguments = os.environ.get("CONTAINER_BUILD_ARGS", "")
    dockerfile = (pytestconfig.rootpath / "Dockerfile").read_text()
    return re.search(r"\bPYTHON_IMAGE=(\S+)", f"{arguments}\n{dockerfile}")[1]


def test_serving_image_is_small(engine, serving_image, base, capsys):
    over_base = measure(engine, serving_image) - measure(engine, base)

    with capsys.disabled():
        print(f"\n{serving_image}: {over_base / 1e6:.0f} MB over {base}")  # noqa: T201
    assert over_base <= LARGEST


def test_serving_image_contains_only_what_serving_needs(
    engine, serving_image, pytestconfig
):
    lock = (pytestconfig.rootpath / "requirements.serving.lock").read_text()

    result = engine.run_once(serving_image, "python", "-c", INSTALLED)

    installed = json.loads(result.stdout)
    assert "mlflow-skinny" in installed
    assert not {"kedro", "scikit-learn", "pandas", "jupyterlab", "pip"} & {*installed}
    assert all(f"\n{name.replace('_', '-')}==" in f"\n{lock}" for name in installed)


@pytest.mark.parametrize("image", ["serving_image", "training_image"])
def test_images_run_as_a_numbered_user(engine, image, request):
    config = engine.inspect_image(request.getfixturevalue(image))["Config"]

    assert config["User"] == USER


def test_serving_image_has_command_port_and_volume(config):
    settings = "python:serving.server.gunicorn_conf"
    assert config["Cmd"] == ["gunicorn", "--config", settings]
    assert not config.get("Entrypoint")
    assert config["StopSignal"] == "SIGTERM"
    assert list(config["Volumes"]) == ["/models"]
    assert list(config["ExposedPorts"]) == ["8000/tcp"]
    assert "IRIS_BIND=0.0.0.0:8000" in config["Env"]


def test_images_have_labels(config, pytestconfig):
    labels = {
        name.removeprefix("org.opencontainers.image."): value
        for name, value in config["Labels"].items()
    }

    project = (pytestconfig.rootpath / "pyproject.toml").read_text()
    assert f'\nversion = "{labels["version"]}"' in project
    assert len(labels["revision"]) == 40
    assert labels["title"] == "iris-serving"
    assert {"description", "licenses", "source"} <= {*labels}


def test_training_image_runs_kedro_without_a_shell(engine, training_image):
    config = engine.inspect_image(training_image)["Config"]

    assert config["Entrypoint"] == ["kedro"]
    assert config["Cmd"] == ["run", "--env", "production"]


def test_a_release_records_the_commit_of_its_image(engine, training_image, registry):
    labels = engine.inspect_image(training_image)["Config"]["Labels"]

    tags = registry.client.get_model_version("iris", "1").tags

    assert tags["git_commit"] == labels["org.opencontainers.image.revision"]
