"""The watcher in a real project."""

import json
import signal
import socket
import sqlite3

import pytest
import requests
import yaml

pytestmark = pytest.mark.slow


@pytest.fixture
def watched(project, iris_csv, monkeypatch):
    """Return a project with its source in a file and without a cooldown."""
    monkeypatch.delenv("IRIS_DATABASE_URL", raising=False)
    project.write_csv(iris_csv)
    change(project, rules={"cooldown_minutes": 0, "runs_per_day": 9, "failures": 3})
    signals = (signal.SIGINT, signal.SIGTERM)
    handlers = {each: signal.getsignal(each) for each in signals}
    yield project
    for each, handler in handlers.items():  # a watcher has set its own
        signal.signal(each, handler)


def change(project, **sections):
    path = project.path / "conf/base/parameters_watcher.yml"
    content = yaml.safe_load(path.read_text())
    for section, values in sections.items():
        content["watcher"][section] = values
    path.write_text(yaml.safe_dump(content))


@pytest.fixture
def watch_once(watched):
    """Return a function that runs one round, and returns what it said."""

    def watch_once():
        result = watched.invoke("watch", "--once")
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    return watch_once


def test_a_model_is_trained_again_after_its_source_has_changed(
    watched, watch_once, iris_csv
):
    watched.release()
    change(watched, triggers={"source_minutes": 0})

    unchanged = watch_once()
    watched.write_csv("\n".join([*iris_csv.decode().splitlines()[:-12], ""]))
    changed = watch_once()

    assert "Run" not in unchanged
    assert "Nothing to do: no trigger has fired" in unchanged
    assert "the source data has changed" in changed
    assert [str(each.version) for each in watched.registry.versions()] == ["1", "2"]
    history = watched.invoke("model", "history").output
    (row,) = [line for line in history.splitlines() if "watcher: run" in line]
    assert "version 2" in row
    status = watched.invoke("watch", "status").output
    assert "the source data has changed" in status
    assert "8 of 9 runs left within 24 hours" in status
    tags = watched.registry._model.read().tags
    last = json.loads(tags["watcher.last_decision"])
    assert (last["action"], last["version"]) == ("run", "2")
    _, run = watched.parents()
    assert run.data.tags.get("watcher.decision")


@pytest.mark.parametrize("is_by_hand", [False, True])
def test_labels_used_by_a_run_are_no_longer_new(
    watched, watch_once, insert_labelled, is_by_hand
):
    flower = dict(sepal_length=5.05, sepal_width=3.45, petal_length=1.45)
    rows = [(flower | {"petal_width": 0.2 + n / 100}, "setosa") for n in range(3)]
    insert_labelled(f"sqlite:///{watched.path}/predictions.db", "iris", rows)
    change(watched, triggers={"labels": 3})

    if is_by_hand:
        enabled = "data_engineering.labelled_rows.enabled=true"
        assert watched.release("--params", enabled).exit_code == 0
    else:
        assert "3 new labelled rows" in watch_once()
        history = watched.invoke("model", "history").output
        assert "released version 1 (first release)" in history
    assert watched.registry.aliases() == {"Production": "1"}

    assert "Run" not in watch_once()


def test_a_webhook_without_a_token_does_not_start(watched, monkeypatch):
    monkeypatch.delenv("IRIS_WATCHER_TOKEN", raising=False)
    change(watched, triggers={"webhook": "127.0.0.1:8001"})

    result = watched.invoke("watch")

    assert result.exit_code == 1
    assert "IRIS_WATCHER_TOKEN" in result.output


@pytest.fixture
def webhook(watched, monkeypatch):
    """Return the address of a watcher with a webhook, and its process."""
    monkeypatch.setenv("IRIS_WATCHER_TOKEN", "secret")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    change(watched, triggers={"webhook": f"127.0.0.1:{port}"}, poll_seconds=0.5)
    process = watched.start("watch")
    yield f"http://127.0.0.1:{port}", process
    process.kill()
    process.communicate()


def test_a_watcher_listens_runs_and_stops(watched, webhook):
    url, process = webhook
    wait(lambda: is_up(f"{url}/health"), process)
    headers = {"Authorization": "Bearer secret"}

    answer = requests.post(
        f"{url}/trigger", json={"reason": "new rules"}, headers=headers, timeout=30
    )
    assert answer.status_code == 202
    wait(lambda: "watcher_run_seconds" in read_samples(url), process)
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert "new rules" in output
    status = watched.invoke("watch", "status").output
    assert "1 waiting" in status
    assert "interrupted (the watcher was stopped)" in status


def wait(holds, process, tries=600):
    for _ in range(tries):
        if holds():
            return
        with pytest.raises(Exception, match="timed out"):
            process.wait(0.2)
    raise AssertionError("it has not come")


def is_up(url):
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def read_samples(url):
    text = requests.get(f"{url}/metrics", timeout=30).text
    return {line.split()[0] for line in text.splitlines() if line[:1] != "#"}


def test_a_wrong_parameter_is_named(watched):
    change(watched, triggers={"schedule": "daily"})

    result = watched.invoke("watch", "--once")

    assert result.exit_code == 1
    assert "watcher.triggers.schedule" in result.output.replace("\n", "")
    assert "not a cron expression" in result.output


def test_an_unreachable_database_is_named(watched, monkeypatch):
    monkeypatch.setenv(
        "IRIS_DATABASE_URL", "postgresql+psycopg://ada:secret@127.0.0.1:1/predictions"
    )

    result = watched.invoke("watch", "status")

    assert result.exit_code == 1
    assert "IRIS_DATABASE_URL" in result.output
    assert "secret" not in result.output
    shown = watched.invoke("model", "history")
    assert shown.exit_code == 0
    assert "Decisions of the watcher are not shown" in shown.output


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("UPDATE watcher_schema SET version_num = '0002'", "of a later release"),
        ("DROP TABLE watcher_triggers", "no such table"),
    ],
)
def test_a_database_that_cannot_be_used_is_explained(watched, damage, reason):
    watched.invoke("watch", "status")
    with sqlite3.connect(watched.path / "predictions.db") as connection:
        connection.execute(damage)

    result = watched.invoke("watch", "status")

    assert (result.exit_code, "Traceback" in result.output) == (1, False)
    assert reason in result.output
    assert "IRIS_DATABASE_URL" in result.output


def test_a_reset_is_in_the_history(watched):
    result = watched.invoke("watch", "reset", "--reason", "the data is fixed")

    assert "breaker of iris is closed" in result.output
    assert "the data is fixed" in watched.invoke("model", "history").output
