"""The dashboards: as dashboards.yml has them, and every query gives data."""

import importlib.util
import json
import re
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.json"))
# A metric, recorded or not, that the variable does not select.
IN_ALL_NAMESPACES = re.compile(
    r"(?<![\w:])(?:up|\w*:?(?:flask|serving|watcher|monitoring)_[\w:]+)(?![\w:])"
    r'(?!\{namespace=~"\$namespace")'
)


@pytest.fixture
def dashboards():
    place = FOLDER / "dashboards.py"
    specification = importlib.util.spec_from_file_location("dashboards", place)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_dashboards_match_their_source(dashboards):
    built = dashboards.build_all()

    assert {file.name: file.read_text() for file in DASHBOARDS} == built


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.name)
def test_grafanas_types_read_the_dashboard(file):
    page = Dashboard.from_json(json.loads(file.read_text()))

    panels = [panel for panel in page.panels if panel.type_val != "row"]
    assert all(panel.targets for panel in panels)
    assert len({panel.id_val for panel in page.panels}) == len(page.panels)


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.name)
def test_every_metric_has_the_chosen_namespace(file):
    page = json.loads(file.read_text())
    queries = [each for panel in page["panels"] for each in panel.get("targets", [])]

    for query in (*queries, *page["annotations"]["list"]):
        assert not IN_ALL_NAMESPACES.findall(query["expr"]), query["expr"]


def test_a_limit_of_an_alert_without_a_number_is_refused(dashboards):
    with pytest.raises(ValueError, match="Watchdog compares with no number"):
        dashboards._find_threshold("Watchdog")


def test_provisioning_and_dashboards_name_the_same_source(compose):
    text = (FOLDER / "provisioning/datasources/prometheus.yml").read_text()
    sources = {each["type"]: each for each in yaml.safe_load(text)["datasources"]}
    provider = yaml.safe_load((FOLDER / "provisioning/dashboards/iris.yml").read_text())
    grafana = compose["services"]["grafana"]

    assert sources["prometheus"]["url"] == "http://prometheus:9090"
    assert sources["alertmanager"]["url"] == "http://alertmanager:9093"
    path = provider["providers"][0]["options"]["path"]
    assert f"../grafana/dashboards:{path}:ro" in grafana["volumes"]
