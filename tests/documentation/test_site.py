"""The site of the documentation, built from docs and from the code."""

import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from iris_kedro.cli import cli
from iris_kedro.specification.schema import render_schema
from serving.config import Config, variable_name
from tests.documentation.clone import ROOT

pytestmark = pytest.mark.slow
LOADED = re.compile(r'<(?:script|link|img)[^>]* (?:src|href)="?(https?:[^" >]+)')


def build(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(["src", "."])
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path, "NO_MKDOCS_2_WARNING": "1"}
        | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def model(challenger, tmp_path_factory) -> str:
    file = tmp_path_factory.mktemp("model") / "model.onnx"
    file.write_bytes(challenger.SerializeToString())
    return str(file)


@pytest.fixture(scope="module")
def site(model, tmp_path_factory) -> Path:
    """Build the site as GitHub's workflow does."""
    folder = tmp_path_factory.mktemp("site")
    repository = {
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "you/iris-kedro",
    }
    result = build(folder, IRIS_DOCS_MODEL=model, **repository)
    assert (result.returncode, result.stdout) == (0, "")
    return folder


@pytest.fixture
def read(site):
    """Return a function that reads the text of a page, without tags."""

    def read(page: str) -> str:
        return re.sub(r"<[^>]+>", "", (site / page).read_text())

    return read


def test_pages_load_nothing_from_other_hosts(site):
    pages = list(site.rglob("*.html"))
    loaded = {url for page in pages for url in LOADED.findall(page.read_text())}

    assert len(pages) > 30
    assert loaded == set()


def test_diagrams_find_mermaid(site):
    page = site / "explanation/architecture.html"
    [source] = re.findall(r'<script src="([^"]*mermaid\.js)"', page.read_text())

    assert 'globalThis["mermaid"]' in (page.parent / source).resolve().read_text()


def test_files_of_the_repository_are_linked(site):
    page = (site / "reference/parameters.html").read_text()

    assert "https://github.com/you/iris-kedro/blob/main/conf/schema.json" in page


def test_no_page_has_a_placeholder_left(site):
    assert [
        page for page in site.rglob("*.html") if "generated:" in page.read_text()
    ] == []


def test_every_setting_has_a_row(read):
    text = read("reference/settings.html")

    for setting in fields(Config):
        assert variable_name(setting.name) in text
        assert setting.metadata["help"].replace("`", "") in text


def test_every_parameter_has_a_row(read):
    text = read("reference/parameters.html")
    models = render_schema()["$defs"].values()

    assert all(name in text for each in models for name in each.get("properties", ()))


def test_every_command_has_a_section(read):
    text = read("reference/cli.html")

    for name, group in cli.commands.items():
        for inner in getattr(group, "commands", {"": None}):
            assert f"kedro {name} {inner}".strip() in text


def test_every_alert_has_a_row(read):
    text = read("reference/alerts.html")
    rules = yaml.safe_load((ROOT / "deploy/prometheus/rules/alerts.yml").read_text())

    names = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    assert all(name in text for name in names)
    assert "$labels" not in text


def test_each_placeholder_of_an_alert_is_replaced(read):
    text = read("reference/alerts.html")

    assert (
        "The divergence of feature in the last hour from the training data is …" in text
    )
    assert "Version shadow predicted another class for … of the rows" in text


def test_alerts_are_described_with_their_subject(read):
    text = read("reference/alerts.html")

    assert "The watcher at instance is not working. It cannot be scraped" in text
    assert "The gate refused the last … models. Each was worse" in text


def test_metrics_have_their_labels(site):
    rows = re.findall(
        r"<tr>(.*?)</tr>", (site / "reference/metrics.html").read_text(), re.S
    )
    [row] = [row for row in rows if "serving_feedback_total" in row]

    assert re.findall(r"<code>(\w+)</code>", row) == [
        "serving_feedback_total",
        "version",
        "predicted",
        "label",
    ]


def test_routes_are_those_of_the_document(read):
    text = read("reference/api.html")

    assert "POST /predict/batch" in text
    assert "const openapi = {" in read("reference/openapi.js")


def test_without_a_model_the_command_says_what_to_do(tmp_path):
    result = build(tmp_path / "site", IRIS_DOCS_MODEL=str(tmp_path / "none.onnx"))

    assert result.returncode == 1
    assert "make run trains a model" in result.stdout
