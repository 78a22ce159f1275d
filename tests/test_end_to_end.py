"""From raw data to a prediction: one run, one service, one look at its page."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.completed_runs import CompletedRun
from tests.fixtures.processes import wait_until
from tests.serving.fixtures.gunicorn import Server, answers


@pytest.fixture(scope="module")
def first_run(run_once: Callable[..., CompletedRun]) -> CompletedRun:
    return run_once("released", small=True)


@pytest.fixture(scope="module")
def server(
    first_run: CompletedRun, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Serve the model that the run has released."""
    uri = f"sqlite:///{first_run.project.path}/mlflow.db"
    server = Server(tmp_path_factory.mktemp("service"), uri)
    try:
        wait_until(lambda: answers(server) and server.serves("1"), f"{server.log}")
        yield server
    finally:
        server.stop()


def test_first_run_puts_a_model_into_production(first_run: CompletedRun):
    assert first_run.exit_code == 0, first_run.output
    assert "released by this run" in first_run.output
    assert first_run.project.registry.aliases() == {"Production": "1"}


def test_service_predicts_with_the_released_model(server: Server):
    answer = server.predict().json()

    assert answer["prediction"] == "setosa"
    assert answer["model"]["version"] == "1"


@pytest.mark.browser
def test_page_opens_without_errors(server: Server, open_page: Callable[..., Page]):
    page = open_page(server.url)

    expect(page.get_by_role("heading", level=1)).to_be_visible()
