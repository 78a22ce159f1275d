import pytest


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
    assert "Previous is version 1, Production is version 2" in result.output
    assert result.exit_code == 0


def test_history_on_a_narrow_terminal_wraps_the_time(released, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    released.invoke("model", "rollback", "--reason", "wrong for lilies in the north")

    output = released.invoke("model", "history").output

    assert "2026-11-01" in output
    assert "…" not in output


def test_history_before_any_release_says_so(project):
    result = project.invoke("model", "history")

    assert "No version of iris has been in Production yet: kedro run" in result.output
    assert result.exit_code == 0


def test_history_reports_an_alias_changed_outside_the_project(released):
    released.client.set_registered_model_alias("iris", "Production", "1")

    result = released.invoke("model", "history")

    assert "The history ends with version 2" in result.output


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


def test_history_at_a_time_reports_an_interrupted_promotion(released, register):
    released.client.set_registered_model_alias("iris", "Production", "1")
    while_it_lasts = released.invoke("model", "history", "--at", "2026-11-02")
    register(released.registry)

    afterwards = released.invoke("model", "history", "--at", "2026-11-01T13:30")

    for result in (while_it_lasts, afterwards):
        assert "Version 2 was in Production" in result.output
        assert "But afterwards it was version 1" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        *(
            (("history", "--at", at), at)
            for at in ("yesterday", "2026-13-01", "2026-11-01T25:00")
        ),
        (("promote", "1", "--reason", "x" * 1001), "more than 1000 characters"),
    ],
)
def test_invalid_option_is_rejected(project, arguments, message):
    result = project.invoke("model", *arguments)

    assert result.exit_code == 2
    assert message in result.output


def test_promote_moves_production(released):
    result = released.invoke("model", "promote", "1")

    assert (
        result.output == "Production of iris is version 1, before it was version 2.\n"
    )
    assert released.registry.aliases() == {"Production": "1", "Previous": "2"}
    last = released.registry.history()[-1]
    assert (last.origin, last.to, last.action, last.by) == ("2", "1", "promote", "ada")


def test_rollback_restores_the_previous_version(released):
    result = released.invoke("model", "rollback")

    assert result.output == (
        "Production of iris is version 1, before it was version 2 (rollback at"
        " 2026-11-01 14:00:00 UTC by ada).\n"
        "Automatic releases are on hold until kedro model resume or promote.\n"
    )
    assert released.registry.aliases() == {"Production": "1", "Previous": "2"}
    again = released.invoke("model", "rollback")
    assert (again.exit_code, again.output) == (0, result.output)


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

    message = "on hold since 2026-11-01 14:00 UTC (rollback by ada): kedro model resume"
    assert message in output


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

    assert result.output == "No version of iris is registered yet: kedro run\n"


def test_promotion_against_the_gate_explains_how_to_give_a_reason(released, register):
    register(released.registry, "worse")

    refused = released.invoke("model", "promote", "3")
    promoted = released.invoke("model", "promote", "3", "--reason", "lilies")

    assert refused.exit_code == 1
    assert 'kedro model promote 3 --reason "…"' in refused.output
    assert promoted.exit_code == 0
    assert released.registry.history()[-1].reason == "lilies"


def test_prune_deletes_old_versions(released, register):
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
        (("promote", "2"), "Error: version 2 is already Production"),
    ],
)
def test_impossible_promotion_is_a_short_error(released, command, message):
    result = released.invoke("model", *command)

    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == message
