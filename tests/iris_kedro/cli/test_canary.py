"""``kedro model canary``, and the output of other commands about a canary."""

import pytest

from serving.database import schema
from serving.database.engine import connect
from tests.fixtures.registries import start_canary

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running_database(make_dated_registry):
    return make_dated_registry(start_canary)


@pytest.fixture
def running(add_registry, running_database, monkeypatch):
    """Return a project with version 1 in Production and 2 as the canary."""
    monkeypatch.delenv("IRIS_DATABASE_URL", raising=False)
    return add_registry(running_database)


@pytest.fixture
def answer(running, store_pairs):
    """Return a function that writes labelled rows which both models predicted."""
    url = f"sqlite:///{running.path / 'predictions.db'}"
    schema.upgrade(connect(url))

    def answer(prediction, rows):
        pairs = [(prediction, "setosa", "setosa")] * rows
        store_pairs(url, running.registry.canary(), pairs)

    return answer


def find_row(output, name):
    line = next(line for line in output.splitlines() if f"│ {name} " in line)
    return [cell.strip() for cell in line.split("│")[1:-1]]


@pytest.mark.usefixtures("answer")  # creates the database
def test_canary_without_predictions_shows_no_shares(running):
    result = running.invoke("model", "canary")

    assert find_row(result.output, "rows predicted by both")[1] == "0"
    assert find_row(result.output, "agreement")[1] == "–"


def test_canary_shows_the_evidence_and_decides_nothing(running, answer):
    answer("setosa", 80)
    answer("virginica", 20)

    result = running.invoke("model", "canary")

    assert result.exit_code == 0
    assert "Canary, version 2, answers 5% of the requests" in result.output
    assert find_row(result.output, "labelled rows")[1] == "100"
    assert find_row(result.output, "agreement")[1:3] == ["80.0%", "80.0%"]
    assert find_row(result.output, "only this correct : only other")[1] == "0 : 20"
    assert find_row(result.output, "worse")[1:3] == ["20.0%", "2.0%"]
    assert "✓" in find_row(result.output, "worse")[3]
    assert "stop: version 2 is worse than version 1" in result.output
    assert "kedro model canary --decide" in result.output
    assert running.registry.canary() is not None


def test_canary_decides_once_in_the_name_of_the_user(running, answer):
    answer("virginica", 20)

    result = running.invoke("model", "canary", "--decide")

    assert "stop: version 2 is worse" in result.output
    assert running.registry.aliases() == {"Production": "1"}
    event = running.registry.history()[-1]
    assert (event.by, event.figures["lost"]) == ("ada", 20)
    history = running.invoke("model", "history").output
    assert "canary stop" in history


def test_canary_without_the_database_file_says_where_it_was_looked_for(running):
    shown = running.invoke("model", "canary")
    decided = running.invoke("model", "canary", "--decide")

    place = f"there is no database of predictions at {running.path}/predictions.db"
    assert (shown.exit_code, decided.exit_code) == (0, 1)
    for result in (shown, decided):
        assert place in result.output
    assert running.registry.canary().share == 0.05


def test_canary_without_a_database_says_what_is_missing(running, monkeypatch):
    monkeypatch.setenv("IRIS_DATABASE_URL", "")

    result = running.invoke("model", "canary", "--decide")

    assert result.exit_code == 0
    assert "there is no database of predictions" in result.output


def test_canary_is_stopped_by_hand(running):
    result = running.invoke("model", "canary", "--stop", "--reason", "a complaint")

    assert "Version 2 of iris is no longer the canary; version 1" in result.output
    assert "a complaint" in running.invoke("model", "list").output
    again = running.invoke("model", "canary", "--stop")
    assert again.output == "No canary of iris is running.\n"


def test_list_and_history_show_the_canary(running):
    listed = running.invoke("model", "list").output
    history = running.invoke("model", "history").output

    assert "Canary (5% of the requests)" in listed
    row = next(line for line in history.splitlines() if "canary start" in line)
    cells = [cell.strip() for cell in row.split("│")[1:-1]]
    assert cells[1:] == [
        "–",
        "2",
        "canary start",
        "ada",
        "better",
        "5% of the requests",
    ]


def test_promotion_with_the_strategy_canary_is_guarded(running):
    running.change("parameters_model_release.yml", "model_release.strategy", "canary")

    result = running.invoke("model", "promote", "2")

    assert "Version 2 is guarded against version 1." in result.output
    assert "Production (guarded)" in running.invoke("model", "list").output
    assert "is guarded against version 1" in running.invoke("model", "canary").output


@pytest.mark.parametrize(
    ("option", "is_guarded"),
    [([], False), (["--guard"], True), (["--no-guard"], False)],
)
def test_promotion_is_guarded_on_request(running, option, is_guarded):
    running.invoke("model", "promote", "2", *option)

    assert (running.registry.guard() is not None) is is_guarded


def test_rollback_of_the_first_canary_says_what_it_did(running):
    result = running.invoke("model", "rollback", "--reason", "a complaint")

    assert "Version 2 is no longer the canary (rollback at " in result.output
    assert "Production of iris is" not in result.output
    assert "Automatic releases are on hold" in result.output
