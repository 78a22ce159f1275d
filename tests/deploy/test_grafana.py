"""The dashboards: as dashboards.yml has them, and every query gives data."""

import importlib.util
import json
import math
import time
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.models.dashboard import Dashboard

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARDS = sorted((FOLDER / "dashboards").glob("*.json"))


def read_queries() -> list[tuple[str, str]]:
    """Return dashboard and panel with each query."""
    found = []
    for file in DASHBOARDS:
        page = json.loads(file.read_text())
        for panel in page["panels"]:
            for target in panel.get("targets", []):
                name = f"{page['title']}: {panel['title']}"
                name += (
                    f": {target['legendFormat']}" if "legendFormat" in target else ""
                )
                found.append((name, target["expr"]))
        for annotation in page["annotations"]["list"]:
            found.append((f"{page['title']}: {annotation['name']}", annotation["expr"]))
    return found


QUERIES = read_queries()


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


@pytest.mark.slow
@pytest.mark.parametrize(
    "expression", [query for _, query in QUERIES], ids=[name for name, _ in QUERIES]
)
def test_query_gives_data(loop, eventually, expression):
    # Grafana puts these in.
    for variable, value in (("$__rate_interval", "15s"), ("$__interval", "5s")):
        expression = expression.replace(variable, value)

    def gives_data() -> bool:
        found = loop.stack.ask(
            "query_range", query=expression, start=loop.started, end=time.time(), step=1
        )
        values = [
            float(value) for each in found["result"] for _, value in each["values"]
        ]
        return any(math.isfinite(value) for value in values)

    eventually(gives_data, expression, seconds=30)
