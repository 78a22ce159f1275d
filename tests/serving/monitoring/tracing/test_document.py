"""docs/how-to/traces-and-logs.md describes settings, spans and log lines correctly."""

import json
import logging
import re
from pathlib import Path

import pytest
import yaml

from serving.config import Config, ConfigError
from serving.monitoring.logs import JsonFormatter

PROJECT = Path(__file__).resolve().parents[4]
DOCUMENT = (PROJECT / "docs/how-to/traces-and-logs.md").read_text()


def read_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", DOCUMENT, re.DOTALL | re.MULTILINE)


def read_column(heading: str) -> set[str]:
    """Return the code in the first column of a section's table."""
    section = DOCUMENT.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall("`(.+?)`", cell)}


@pytest.fixture
def line(traced, finish, setosa, caplog):
    """Return the line of a traced prediction."""
    caplog.set_level(logging.INFO, "serving.requests")
    client = traced()
    client.post("/predict", json=setosa)
    finish(client)
    records = [each for each in caplog.records if each.message == "request"]
    return json.loads(JsonFormatter().format(records[-1]))


def test_the_line_of_the_log_is_a_real_one(line):
    [printed] = map(json.loads, read_blocks("json"))

    assert list(printed) == list(line)
    assert [type(each) for each in printed.values()] == [
        type(each) for each in line.values()
    ]


def test_alloy_reads_fields_that_the_line_has(line):
    [alloy] = read_blocks("alloy")

    [expressions] = re.findall(r"expressions = \{(.*?)\}", alloy)
    [metadata] = re.findall(r"structured_metadata \{\s*values = \{(.*?)\}", alloy)
    names = set(re.findall(r"(\w+) =", expressions))
    assert names <= set(line)
    assert set(re.findall(r"(\w+) =", metadata)) <= names


def test_every_attribute_is_described(traced, finish, collector, setosa, monkeypatch):
    client = traced()
    client.post("/predict", json=setosa)
    service = client.application.extensions["serving"]
    monkeypatch.setattr(service.current, "get", lambda: 1 / 0)
    client.get("/model", headers={"Host": "host:8000"})
    finish(client)

    seen = {name for span in collector.spans for name in span.attributes}

    assert seen == read_column("What a span says")


def test_every_sampler_that_is_described_can_be_set():
    described = read_column("Which requests")

    assert len(described) == 6
    for name in described:
        assert Config.from_env({"OTEL_TRACES_SAMPLER": name}).traces_sampler == name
    with pytest.raises(ConfigError) as caught:
        Config.from_env({"OTEL_TRACES_SAMPLER": "other"})
    assert all(name in str(caught.value) for name in described)


def test_grafana_links_by_the_names_of_the_exemplars_and_lines(line):
    _, prometheus, links = map(yaml.safe_load, read_blocks("yaml"))

    [source] = prometheus["datasources"]
    [destination] = source["jsonData"]["exemplarTraceIdDestinations"]
    loki, tempo = links["datasources"]
    [field] = loki["jsonData"]["derivedFields"]
    assert destination["name"] == field["matcherRegex"] == "trace_id"
    assert destination["datasourceUid"] == field["datasourceUid"] == tempo["uid"]
    assert tempo["jsonData"]["tracesToLogsV2"]["datasourceUid"] == loki["uid"]
    assert field["matcherRegex"] in line
