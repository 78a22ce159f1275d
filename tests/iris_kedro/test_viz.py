"""kedro-viz in a browser: the whole graph, with previews, code and parameters."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project
from playwright.sync_api import expect

from tests.documentation.clone import find_port
from tests.fixtures.processes import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MAKEFILE = Path(__file__).parents[2] / "Makefile"


@pytest.fixture(scope="module")
def server(shipped, tmp_path_factory):
    """Start kedro-viz after a run; return its address."""
    port = find_port()
    log = tmp_path_factory.mktemp("viz") / "log"
    command = [sys.executable, "-m", "kedro", "viz", "run"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--no-browser", "--host=127.0.0.1", f"--port={port}"],
            cwd=shipped.project.path,
            # It asks PyPI for its newest version first: a proxy that is not there
            # refuses at once what the network could delay or answer in any way.
            env=os.environ | {"HTTPS_PROXY": "http://127.0.0.1:9"},
            stdout=file,
            stderr=file,
            start_new_session=True,  # the server is a separate process
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(
            lambda: answers(url) or process.poll() is not None, "kedro-viz answers"
        )
        assert process.poll() is None, log.read_text()
        yield url
    finally:
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/api/main", timeout=10).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


@pytest.fixture
def graph(chromium, server, open_page):
    """Open the graph, with parameters and without the tour of its features."""
    page = open_page("about:blank", viewport={"width": 1600, "height": 1000})
    page.context.route(
        lambda url: not url.startswith(server), lambda route: route.abort()
    )
    page.goto(server)
    expect(page.locator(".pipeline-node").first).to_be_visible()
    page.locator(".feature-hints__close").click()
    page.locator("#parameters").dispatch_event("click")
    expect(page.locator(".pipeline-node--parameters").first).to_be_attached()
    return page


def names_of(pipeline) -> set[str]:
    """Return the names of everything in a pipeline, as kedro-viz shows them first.

    A namespace is one node, with what goes in and comes out, until it is opened.
    """
    spaces = {
        node: (node.namespace or node.name).split(".")[0] for node in pipeline.nodes
    }
    datasets = {name: set() for name in pipeline.inputs() | pipeline.outputs()}
    for node, space in spaces.items():
        for name in {*node.inputs, *node.outputs}:
            datasets.setdefault(name, set()).add(space)
    edges = pipeline.inputs() | pipeline.outputs()
    shown = {name for name, uses in datasets.items() if len(uses) > 1 or name in edges}
    return {name.split("@")[0] for name in shown} | set(spaces.values())


def select(graph, name):
    graph.locator(f"[data-node-fullname='{name}']").dispatch_event("click")
    expect(graph.locator(".pipeline-metadata__title")).to_have_text(name)


def test_every_node_of_every_pipeline_is_drawn(graph, shipped, picture):
    bootstrap_project(shipped.project.path)
    expected = names_of(pipelines["__default__"])

    nodes = graph.locator(".pipeline-node")
    expect(nodes).to_have_count(len(expected))

    drawn = nodes.evaluate_all("all => all.map(each => each.dataset.nodeFullname)")
    assert set(drawn) == expected
    assert graph.locator(".pipeline-layer-name").all_text_contents() == [
        "source",
        "raw",
        "intermediate",
        "primary",
        "models",
        "release",
        "reporting",
    ]
    for tag in ("Data Engineering", "Data Science", "Model Release", "Reporting"):
        expect(graph.get_by_role("button", name=tag, exact=True)).to_be_attached()
    picture(graph, "kedro-viz")


def test_a_figure_opens(graph, picture):
    select(graph, "reporting.candidate_comparison")
    expect(graph.locator(".pipeline-metadata .js-plotly-plot")).to_be_visible()

    graph.get_by_role("button", name="Expand preview").click()

    figure = graph.locator(".pipeline-metadata-modal .js-plotly-plot")
    expect(figure).to_contain_text("log loss in each fold")
    expect(figure.locator(".trace")).to_have_count(5)
    picture(graph, "kedro-viz-figure")


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("clean_data", "petal_length"),
        ("train_data", "species"),
        ("test_data", "species"),
        ("metrics", "accuracy"),
        ("class_balance", "setosa"),
        ("cleaning", "duplicates"),
    ],
)
def test_tables_and_metrics_have_a_preview(graph, name, column):
    select(graph, name)

    table = graph.locator(".pipeline-metadata .preview-table")
    expect(table).to_contain_text(re.compile(column))


def test_documents_have_a_preview(graph):
    for name, text in [("leaderboard", "random_forest"), ("gate_report", "verdict")]:
        select(graph, name)
        expect(graph.locator(".pipeline-metadata")).to_contain_text(text)


def test_nodes_show_code_and_parameters(graph):
    select(graph, "select_best")
    expect(graph.locator(".pipeline-json__object--kind-parameters")).to_be_visible()

    graph.get_by_text("Show Code").click()

    expect(graph.locator(".pipeline-metadata-code")).to_contain_text("def select_best(")


def test_everything_in_memory_has_its_layer_too(server):
    nodes = requests.get(f"{server}/api/main", timeout=10).json()["nodes"]

    without = [
        each["name"] for each in nodes if each["type"] == "data" and not each["layer"]
    ]
    assert without == []


def test_batch_inference_is_a_pipeline_with_layers(server):
    address = f"{server}/api/pipelines/batch_inference"
    nodes = requests.get(address, timeout=10).json()["nodes"]

    layers = {each["name"]: each["layer"] for each in nodes if each["type"] == "data"}
    assert layers == {
        "batch_inference.rows": "source",
        "batch_inference.model": "release",
        "batch_inference.scores": "model_output",
        "batch_inference.report": "reporting",
        "batch_inference.page": "reporting",
    }


@pytest.fixture
def site(shipped):
    """Serve what ``make viz-build`` makes; return its address."""
    recipe = MAKEFILE.read_text().split("viz-build:")[1].split("\n\n")[0]
    command = re.search(r"kedro (viz build.*)", recipe).group(1)
    process = shipped.project.start(*command.split())
    output, _ = process.communicate()
    assert process.returncode == 0, output
    folder = shipped.project.path / "build"
    for name in re.search(r"mv (.*) viz/", recipe).group(1).split():
        (folder / "viz").mkdir(exist_ok=True)
        (folder / name).rename(folder / "viz" / name)
    handler = partial(SimpleHTTPRequestHandler, directory=folder)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        Thread(target=files.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{files.server_port}/viz/"
        files.shutdown()


def test_the_site_shows_the_graph_and_previews(site, chromium):
    # Not `open_page`: a site in a folder misses files that it can do without.
    page = chromium.new_page()
    page.route(lambda url: not url.startswith(site[:12]), lambda route: route.abort())

    page.goto(site)

    expect(page.locator("[data-node-fullname='released_model']")).to_be_attached()
    select(page, "reporting.candidate_comparison")
    expect(page.locator(".pipeline-metadata .js-plotly-plot")).to_be_visible()
    page.close()
