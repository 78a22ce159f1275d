"""The dashboards: as dashboards.yml has them, and every query gives data."""

import importlib.util
import json
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.json"))


def test_dashboards_are_as_written_down():
    place = FOLDER / "dashboards.py"
    specification = importlib.util.spec_from_file_location("dashboards", place)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)

    built = module.build_all()

    assert {file.name: file.read_text() for file in DASHBOARDS} == built


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.name)
def test_grafanas_types_read_the_dashboard(file):
    page = Dashboard.from_json(json.loads(file.read_text()))

    panels = [panel for panel in page.panels if panel.type_val != "row"]
    assert all(panel.targets for panel in panels)
    assert len({panel.id_val for panel in page.panels}) == len(page.panels)


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.name)
def test_panels_do_not_overlap(file):
    cells = set()
    for panel in json.loads(file.read_text())["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        taken = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        cells |= taken


def test_provisioning_and_dashboards_name_the_same_source(compose):
    text = (FOLDER / "provisioning/datasources/prometheus.yml").read_text()
    sources = {each["type"]: each for each in yaml.safe_load(text)["datasources"]}
    provider = yaml.safe_load((FOLDER / "provisioning/dashboards/iris.yml").read_text())
    grafana = compose["services"]["grafana"]

    assert sources["prometheus"]["url"] == "http://prometheus:9090"
    assert sources["alertmanager"]["url"] == "http://alertmanager:9093"
    path = provider["providers"][0]["options"]["path"]
    assert f"../grafana/dashboards:{path}:ro" in grafana["volumes"]
