import errno
import socket
import sqlite3

import click
import pytest
from kedro.io import DatasetError

from iris_kedro.cli.errors import explain_errors


@pytest.fixture
def released(project, register, clock, monkeypatch):
    """Return a project with two versions, the second in Production."""
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    for number in ("1", "2"):
        tags = {"candidate": "k_neighbors", "metric.accuracy": f"0.9{number}"}
        register(project.registry, tags=tags)
    return project


def test_history_shows_who_when_from_to_and_why(released):
    result = released.invoke("model", "history")

    rows = [line.split("│")[1:-1] for line in result.output.splitlines()]
    assert [cell.strip() for cell in rows[-2 - 1]] == [
        "2026-11-01 13:00:00",
        "1",
        "2",
        "release",
        "ada",
        "better",
        "",
    ]


def test_history_on_a_narrow_terminal_wraps_the_time(released, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    released.invoke("model", "rollback", "--reason", "wrong for lilies in the north")

    output = released.invoke("model", "history").output

    assert "2026-11-01" in output
    assert "…" not in output


def test_history_ends_with_the_aliases(released):
    result = released.invoke("model", "history")

    assert "Previous is version 1, Production is version 2" in result.output
    assert result.exit_code == 0


def test_history_before_any_release_says_so(project):
    result = project.invoke("model", "history")

    assert "Nothing of iris was in Production yet: kedro run" in result.output
    assert result.exit_code == 0


def test_history_tells_of_an_alias_moved_by_other_means(released):
    released.client.set_registered_model_alias("iris", "Production", "1")

    result = released.invoke("model", "history")

    assert "The last record says version 2" in result.output


@pytest.mark.parametrize(
    ("at", "answer"),
    [
        ("2026-11-01", "Nothing was in Production at 2026-11-01 00:00:00 UTC."),
        (
            "2026-11-01T11:59:59",
            "Nothing was in Production at 2026-11-01 11:59:59 UTC.",
        ),
        (
            "2026-11-01T12:30",
            "Version 1 was in Production at 2026-11-01 12:30:00 UTC,"
            " since 2026-11-01 12:00:00.",
        ),
        (
            "2026-11-02",
            "Version 2 was in Production at 2026-11-02 00:00:00 UTC,"
            " since 2026-11-01 13:00:00.",
        ),
    ],
)
def test_history_at_a_time_names_the_version(released, at, answer):
    result = released.invoke("model", "history", "--at", at)

    assert result.output.splitlines()[-1] == answer


def test_history_at_a_time_tells_of_a_move_that_did_not_happen(released, register):
    released.client.set_registered_model_alias("iris", "Production", "1")
    while_it_lasts = released.invoke("model", "history", "--at", "2026-11-02")
    register(released.registry)

    afterwards = released.invoke("model", "history", "--at", "2026-11-01T13:30")

    for result in (while_it_lasts, afterwards):
        assert "Version 2 was in Production" in result.output
        assert "But afterwards it was version 1" in result.output


@pytest.mark.parametrize("at", ["yesterday", "2026-13-01", "2026-11-01T25:00"])
def test_history_refuses_what_is_no_time(project, at):
    result = project.invoke("model", "history", "--at", at)

    assert result.exit_code == 2
    assert at in result.output


def test_promote_moves_production(released):
    result = released.invoke("model", "promote", "1")

    assert (
        result.output == "Production of iris is version 1, before it was version 2.\n"
    )
    assert released.registry.aliases() == {"Production": "1", "Previous": "2"}


def test_promotion_by_hand_is_recorded(released):
    released.invoke("model", "promote", "1")

    last = released.registry.history()[-1]

    assert (last.origin, last.to, last.action, last.by) == ("2", "1", "promote", "ada")


def test_rollback_restores_the_version_before(released):
    result = released.invoke("model", "rollback")

    assert result.output == (
        "Production of iris is version 1, before it was version 2 (rollback at"
        " 2026-11-01 14:00:00 UTC by ada).\n"
        "Automatic releases are on hold until kedro model resume or promote.\n"
    )
    assert released.registry.aliases() == {"Production": "1", "Previous": "2"}


def test_second_rollback_answers_the_same(released):
    first = released.invoke("model", "rollback")

    second = released.invoke("model", "rollback")

    assert (second.exit_code, second.output) == (0, first.output)


def test_resume_ends_the_hold(released):
    released.invoke("model", "rollback")

    outputs = [released.invoke("model", "resume").output for _ in range(2)]

    assert outputs == [
        "Automatic releases are no longer on hold.\n",
        "Automatic releases were not on hold.\n",
    ]
    assert released.registry.hold() is None


def test_promotion_says_that_it_ends_the_hold(released):
    released.invoke("model", "rollback")

    result = released.invoke("model", "promote", "2")

    assert result.output.splitlines()[-1] == (
        "Automatic releases are no longer on hold."
    )


def test_history_shows_holds_reasons_and_who_set_them(released):
    released.invoke("model", "rollback", "--reason", "wrong for lilies")
    released.invoke("model", "resume")

    output = released.invoke("model", "history").output

    (rollback,) = [line for line in output.splitlines() if "rollback" in line]
    (resume,) = [line for line in output.splitlines() if "resume" in line]
    assert "ada" in rollback
    assert "releases on hold: wrong for lilies" in rollback
    assert "hold ended" in resume
    assert "on hold since" not in output


def test_history_ends_with_the_hold(released):
    released.invoke("model", "rollback")

    output = released.invoke("model", "history").output

    told = "on hold since 2026-11-01 14:00 UTC (rollback by ada): kedro model resume"
    assert told in output


def test_list_shows_every_version_and_why_it_was_refused(released, register):
    register(released.registry, "worse")

    output = released.invoke("model", "list").output

    rows = [
        [cell.strip() for cell in line.split("│")[1:-1]]
        for line in output.splitlines()
        if line.startswith("│")
    ]
    assert rows == [
        ["1", "Previous", "k neighbors", "better", "0.910", "–"],
        ["2", "Production", "k neighbors", "better", "0.920", "–"],
        ["3", "Challenger", "–", "worse", "–", "–"],
    ]
    assert output.endswith("Version 3 was not promoted: because of the test\n")


def test_list_before_any_release_says_so(project):
    result = project.invoke("model", "list")

    assert result.output == "Nothing of iris is registered yet: kedro run\n"


def test_promotion_against_the_gate_tells_how_to_give_a_reason(released, register):
    register(released.registry, "worse")

    refused = released.invoke("model", "promote", "3")
    promoted = released.invoke("model", "promote", "3", "--reason", "lilies")

    assert refused.exit_code == 1
    assert 'kedro model promote 3 --reason "…"' in refused.output
    assert promoted.exit_code == 0
    assert released.registry.history()[-1].reason == "lilies"


def test_reason_that_is_too_long_is_refused(released):
    result = released.invoke("model", "promote", "1", "--reason", "x" * 1001)

    assert result.exit_code == 2
    assert "more than 1000 characters" in result.output


def test_prune_deletes_what_nobody_needs(released, register):
    for _ in range(3):
        register(released.registry, "worse")

    outputs = [
        released.invoke("model", "prune", "--keep", "1").output for _ in range(2)
    ]

    assert outputs == ["Deleted: version 3.\n", "There is nothing to delete.\n"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("promote", "9"), "Error: there is no version 9 of iris; there are 1, 2"),
        (("promote", "2"), "Error: version 2 is Production already"),
    ],
)
def test_impossible_promotion_is_a_short_error(released, command, message):
    result = released.invoke("model", *command)

    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == message


def test_rollback_before_any_release_is_a_short_error(project):
    result = project.invoke("model", "rollback")

    assert result.exit_code == 1
    told = result.output.splitlines()[-1]
    assert told.startswith("Error: iris has no Previous version to roll back")


@pytest.mark.parametrize("command", [("run",), ("model", "history")])
def test_damaged_database_is_a_short_error(project, command):
    (project.path / "mlflow.db").write_bytes(b"no database" * 99)

    result = project.invoke(*command)

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    told = "Error: MLflow cannot use its database: file is not a database."
    assert told in result.output


def test_production_environment_names_the_missing_variable(project):
    result = project.invoke("model", "history", "--env", "production")

    assert result.exit_code == 1
    assert "Error: " in result.output
    assert "MLFLOW_TRACKING_URI" in result.output


def test_production_environment_takes_the_address_from_its_variable(
    released, tmp_path, monkeypatch
):
    elsewhere = f"sqlite:///{tmp_path}/elsewhere.db"
    (released.path / "mlflow.db").rename(tmp_path / "elsewhere.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", elsewhere)

    result = released.invoke("model", "promote", "1", "--env", "production")

    assert result.exit_code == 0
    assert not (released.path / "mlflow.db").exists()


def test_broken_yaml_is_a_short_error_with_its_place(project):
    (project.path / "conf/base/globals.yml").write_text("dataset: [\n")

    result = project.invoke("run")

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "globals.yml, unable to read line 1" in result.output


@pytest.mark.parametrize(
    ("file", "key", "value", "told"),
    [
        (
            "globals.yml",
            "dataset.features.petal_width.maximum",
            "wide",
            "features.petal_width.maximum\n  Input should be a valid number, unable to"
            " parse string as a number, but it is 'wide'\n",
        ),
        (
            "globals.yml",
            "dataset.features.petal_width.maximum",
            0.05,
            "features.petal_width\n  Value error, minimum 0.1 must be below maximum"
            " 0.05\n",
        ),
        (
            "mlflow.yml",
            "server.mlflow_tracking_ur",
            "sqlite:///x.db",
            "server.mlflow_tracking_ur\n  Extra inputs are not permitted, but it is"
            " 'sqlite:///x.db'\n",
        ),
        ("mlflow.yml", "server", None, "server\n  Input should be"),
    ],
)
def test_wrong_value_is_named_without_the_words_of_pydantic(
    project, file, key, value, told
):
    project.change(file, key, value)

    result = project.invoke("run")

    assert result.exit_code == 1
    assert told in result.output
    assert "[type=" not in result.output
    assert "validation error" not in result.output


def test_missing_permission_is_a_short_error(project, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", "data/.lock")

    monkeypatch.setattr("iris_kedro.hooks.project.FileLock.acquire", refuse)

    result = project.invoke("run")

    assert result.exit_code == 1
    assert "Error: [Errno 13] Permission denied: 'data/.lock'" in result.output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--env", "wien"], "conf/wien"),
        (["--from-nodes", "select_bset"], "select_bset"),
        (["--tags", "data_sience"], "contains no nodes"),
    ],
)
def test_run_of_what_does_not_exist_is_one_message(project, options, told):
    result = project.invoke("run", *options)

    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert told in result.output


# --- kedro mlflow ui -----------------------------------------------------------------


@pytest.fixture
def started(monkeypatch):
    """Start nothing; return the commands that would have been started."""
    commands = []
    monkeypatch.setattr("subprocess.call", commands.append)
    return commands


def test_ui_starts_mlflow_on_a_free_port(project, started):
    result = project.invoke_kedro("mlflow", "ui", "--port", "0")

    assert result.exit_code == 0, result.output
    assert started[0][-4:] == ["--host", "127.0.0.1", "--port", "0"]


def test_ui_prints_the_address_of_the_runs(project, started):
    result = project.invoke_kedro("mlflow", "ui", "--port", "0")

    experiment = project.client.get_experiment_by_name("iris").experiment_id
    assert result.output == (
        f"Runs: http://127.0.0.1:0/#/experiments/{experiment}/runs\n"
    )


def test_ui_on_a_taken_port_says_how_to_choose_another(project, started):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        result = project.invoke_kedro("mlflow", "ui", "--port", str(port))

    assert result.exit_code == 1
    assert result.output == (
        f"Error: Port 127.0.0.1:{port} is in use; choose another, for example:"
        f' make ui ARGS="--port {port + 1}"\n'
    )
    assert started == []


def test_ui_leaves_other_errors_to_mlflow(project, started):
    project.invoke_kedro("mlflow", "ui", "--port", "http")
    project.invoke_kedro("mlflow", "ui", "--host", "192.0.2.1", "--port", "0")

    assert len(started) == 2


@pytest.mark.parametrize(
    "cause",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        sqlite3.OperationalError("database or disk is full"),
    ],
)
def test_full_disk_is_told_in_one_message(cause):
    @explain_errors
    def command():
        try:
            raise cause
        except type(cause) as error:
            raise DatasetError("best: Failed while saving.\n[SQL: …]") from error

    with pytest.raises(click.ClickException) as caught:
        command()

    assert caught.value.message == (
        "the disk is full (best: Failed while saving). Free some space and run again;"
        " the next run closes this one in MLflow"
    )
