"""What the optional components and the examples assume about the service."""

from importlib.util import find_spec

import pytest
import yaml

from serving import create_app
from serving.config import Config


@pytest.fixture
def app(tmp_path):
    return create_app(Config(store=tmp_path, follow_seconds=0))


def list_routes(app) -> set[str]:
    return {rule.rule for rule in app.url_map.iter_rules()}


def test_load_is_measured_by_a_metric_of_the_service(read, app):
    (patch,) = read("components/autoscale-on-load/kustomization.yaml")["patches"]
    (operation,) = yaml.safe_load(patch["patch"])
    name = operation["value"]["pods"]["metric"]["name"]
    (rule,) = read("examples/prometheus-adapter.yaml")["rules"]["custom"]

    client = app.test_client()
    client.get("/health/live")
    series = rule["seriesQuery"].partition("{")[0]

    assert f"\n{series}{{" in client.get("/metrics").text
    assert rule["name"]["as"] == name


def test_the_model_of_an_image_is_copied_into_the_store(read):
    patch = read("components/model-in-image/patch.yaml")
    (init,) = patch["spec"]["template"]["spec"]["initContainers"]
    (store,) = [each["value"] for each in init["env"] if each["name"] == "IRIS_STORE"]
    mounts = {each["mountPath"]: each["name"] for each in init["volumeMounts"]}

    assert mounts[store] == "models"
    *_, module, source = init["command"]
    assert find_spec(module)
    assert source == "/models"  # in the image
    assert source not in mounts


def test_keys_are_read_from_the_secret(read, kubernetes):
    file = "components/api-keys/kustomization.yaml"
    (literal,) = read(file)["configMapGenerator"][0]["literals"]
    name, _, value = literal.partition("=")
    path = Config.from_env({name: value}).api_keys_file
    patch = read("components/api-keys/patch.yaml")["spec"]["template"]["spec"]
    (mount,) = patch["containers"][0]["volumeMounts"]
    (volume,) = patch["volumes"]

    assert str(path.parent) == mount["mountPath"]
    command = f"create secret generic {volume['secret']['secretName']}"
    assert f"{command} --from-file={path.name}\n" in (kubernetes / file).read_text()


def test_the_route_leads_to_the_service_through_the_gateway(collect, kubernetes):
    (route,) = [
        each for each in collect("components/route") if each["kind"] == "HTTPRoute"
    ]
    gateways = yaml.safe_load_all((kubernetes / "examples/gateway.yaml").read_text())
    (gateway,) = [each for each in gateways if each["kind"] == "Gateway"]
    services = {
        each["metadata"]["name"]: each["spec"]["ports"]
        for each in collect("base")
        if each["kind"] == "Service"
    }

    (parent,) = route["spec"]["parentRefs"]
    assert parent == {key: gateway["metadata"][key] for key in ("name", "namespace")}
    (rule,) = route["spec"]["rules"]
    (backend,) = rule["backendRefs"]
    ports = {each["port"]: each["name"] for each in services[backend["name"]]}
    assert ports[backend["port"]] == "http"


def test_kserve_asks_routes_of_the_service(read, app):
    (container,) = read("examples/kserve.yaml")["spec"]["predictor"]["containers"]

    assert container["name"] == "kserve-container"  # the one that KServe looks for
    asked = {
        container[probe]["httpGet"]["path"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert asked <= list_routes(app)
    port = container["ports"][0]["containerPort"]
    assert Config().bind.endswith(f":{port}")
