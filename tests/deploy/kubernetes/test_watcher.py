"""The watcher: its manifest matches its program."""

import json
import re
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from prometheus_client.registry import Collector
from werkzeug.serving import make_server

from iris_kedro.watcher.records.database import connect, upgrade
from iris_kedro.watcher.records.store import Store
from iris_kedro.watcher.webhook.application import create_app
from iris_kedro.watcher.wiring import TOKEN

PROJECT = Path(__file__).parents[3]
PORT = "IRIS_WATCHER_BIND"
WORD = "correct horse"


@pytest.fixture
def pod(collect) -> dict:
    (found,) = [
        each
        for each in collect("base")
        if each["kind"] == "Deployment" and each["metadata"]["name"] == "iris-watcher"
    ]
    return found["spec"]["template"]["spec"]


@pytest.fixture
def container(pod) -> dict:
    (container,) = pod["containers"]
    return container


@pytest.fixture
def settings(read) -> dict[str, str]:
    """Return the variables of the ConfigMaps, the last of which count."""
    generated = read("base/kustomization.yaml")["configMapGenerator"]
    return dict(line.split("=", 1) for each in generated for line in each["literals"])


@pytest.fixture
def service(collect) -> dict:
    (found,) = [
        each
        for each in collect("base")
        if each["kind"] == "Service" and each["metadata"]["name"] == "iris-watcher"
    ]
    return found


@pytest.fixture
def webhook(read) -> dict:
    (receiver,) = read("examples/alertmanager-config.yaml")["spec"]["receivers"]
    return receiver["webhookConfigs"][0]


class NoMetrics(Collector):
    def collect(self):
        return iter(())


@pytest.fixture
def app():
    return create_app(None, "token", NoMetrics(), lambda: None, 1.0)


def test_an_outage_of_the_registry_does_not_restart_it(container, app):
    """No round succeeds then, so /health answers 503 (see create_app)."""
    path = container["readinessProbe"]["httpGet"]["path"]

    assert app.test_client().get(path).status_code == 503
    for probe in ("startupProbe", "livenessProbe"):
        assert "httpGet" not in container[probe]


def test_it_listens_where_alerts_arrive(container, service, settings):
    (port,) = service["spec"]["ports"]
    named = {each["name"]: each["containerPort"] for each in container["ports"]}

    assert settings[PORT] == f"0.0.0.0:{named[port['targetPort']]}"
    # Triggers are stored while no round succeeds.
    assert service["spec"]["publishNotReadyAddresses"] is True


def test_alerts_arrive_at_its_webhook(webhook, service, app):
    address = urlsplit(webhook["url"])

    assert address.hostname == f"{service['metadata']['name']}.iris"
    assert address.port == service["spec"]["ports"][0]["port"]
    assert address.path in {rule.rule for rule in app.url_map.iter_rules()}


def test_alerts_have_the_token_that_it_expects(webhook, container):
    sources = [each.get("secretRef", {}).get("name") for each in container["envFrom"]]

    secret = webhook["httpConfig"]["authorization"]["credentials"]

    assert secret["name"] in sources
    assert secret["key"] == TOKEN


def test_alerts_are_routed_to_it_as_in_the_stack(read):
    file = PROJECT / "deploy" / "alertmanager" / "alertmanager.yml"
    routes = yaml.safe_load(file.read_text())["route"]["routes"]
    (in_the_stack,) = [each for each in routes if each["receiver"] == "watcher"]

    route = read("examples/alertmanager-config.yaml")["spec"]["route"]

    assert in_the_stack["matchers"] == [
        f'{each["name"]} {each["matchType"]} "{each["value"]}"'
        for each in route["matchers"]
    ]


def test_its_environment_uses_the_registry_and_port_of_the_manifest(settings):
    folder = PROJECT / "conf" / settings["KEDRO_ENV"]
    content = "".join(file.read_text() for file in folder.glob("*.yml"))

    assert "${oc.env:MLFLOW_TRACKING_URI}" in content
    assert f"${{oc.env:{PORT}," in content


def test_its_secrets_are_documented(container):
    page = (PROJECT / "docs/how-to/deploy.md").read_text()
    secrets = [
        each["secretRef"] for each in container["envFrom"] if "secretRef" in each
    ]

    required = [each["name"] for each in secrets if not each.get("optional")]

    assert required == ["watcher-token"]
    assert (
        f'echo "{TOKEN}=$(openssl rand -hex 32)" | '
        "kubectl -n iris create secret generic watcher-token --from-env-file=/dev/stdin"
    ) in " ".join(page.replace("\\\n", " ").split())
    assert all(each["name"] in page for each in secrets)


def test_a_trigger_is_sent_as_documented(tmp_path, container):
    page = (PROJECT / "docs/how-to/deploy.md").read_text()
    script = re.search(
        r"exec -i deployment/iris-watcher -- python <<'EOF'\n(.+?)\nEOF\n",
        page,
        re.DOTALL,
    )[1]
    (port,) = [each["containerPort"] for each in container["ports"]]
    engine = connect(f"sqlite:///{tmp_path}/predictions.db", tmp_path)
    upgrade(engine)
    store = Store(engine, "iris")
    app = create_app(store, WORD, NoMetrics(), lambda: None, 1.0)
    server = make_server("127.0.0.1", 0, app)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    assert f":{port}/" in script

    printed = subprocess.check_output(
        [sys.executable],
        input=script.replace(f":{port}/", f":{server.port}/"),
        env={TOKEN: WORD},
        text=True,
    )

    server.shutdown()
    assert set(json.loads(printed)) == {"id"}


def test_it_only_writes_to_volumes(pod, container, settings):
    stages = (PROJECT / "Dockerfile").read_text().split("\nFROM ")
    stage = next(each for each in stages if re.match(r"\S+ AS training\n", each))
    folder = re.search(r"^WORKDIR (\S+)", stage, re.MULTILINE)[1]
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    claims = {
        each["name"] for each in pod["volumes"] if "persistentVolumeClaim" in each
    }

    assert set(mounts) == {f"{folder}/data", f"{folder}/.viz", "/tmp"}  # noqa: S108
    records = settings["IRIS_DATABASE_URL"].removeprefix("sqlite:///")
    assert mounts[str(Path(records).parent)] in claims


def test_only_the_watcher_is_scheduled(collect, kubernetes, template_of):
    """Two schedulers would train at the same time, and one would not know the rules."""
    components = [f"components/{each.name}" for each in kubernetes.glob("components/*")]
    jobs = [
        each
        for each in collect("overlays/production", *components)
        if each["kind"] == "CronJob"
    ]

    for job in jobs:
        (container,) = template_of(job)["spec"]["containers"]
        assert "--pipelines batch_inference" in container["command"][-1]
