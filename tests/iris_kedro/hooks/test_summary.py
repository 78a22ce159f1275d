import re

import pytest
from rich.console import Console

from iris_kedro.gate.release import (
    Decision,
    Outcome,
    RegistryState,
    ReleasedModel,
    Verdict,
)
from iris_kedro.hooks.summary import print_summary, print_unchanged

ENTRY = {
    "candidate": "random_forest",
    "scores": {
        "log_loss": {"mean": 0.1234, "standard_error": 0.0321},
        "accuracy": {"mean": 0.9512, "standard_error": 0.0234},
    },
    "chosen": True,
    "releasable": True,
    "reason": "",
}
LEADERBOARD = {
    "metric": "log_loss",
    "folds": 5,
    "repeats": 2,
    "candidates": [ENTRY],
    "untrained": [],
    "baseline": {
        "log_loss": {"mean": 1.1, "standard_error": 0.001},
        "accuracy": {"mean": 0.33, "standard_error": 0.01},
    },
}
REPORT = {
    "verdict": "better",
    "promotes": True,
    "reasons": ["the whole interval is above zero"],
    "candidate": "random_forest",
    "model": "iris",
    "run_id": "this run",
    "fingerprint": "this model",
}


@pytest.fixture
def show():
    def show(env=None, **results):
        console = Console(width=120, record=True, file=open("/dev/null", "w"))
        print_summary(results, env, console)
        return console.export_text()

    return show


def test_long_reasons_stay_indented(produced, capsys):
    report = {**REPORT, "reasons": ["a reason that goes on " * 5]}

    print_summary(
        {"gate_report": report, "registry": produced()}, console=Console(width=80)
    )

    lines = capsys.readouterr().out.splitlines()
    reason = [line for line in lines if "goes on" in line]
    assert len(reason) > 1
    assert all(line.startswith(" " * 12) for line in reason)


@pytest.fixture
def produced(challenger):
    """Return a function that makes a registry with version 7 in Production."""

    def produced(outcomes=None, fingerprints=None):
        return RegistryState(
            ReleasedModel("7", challenger), fingerprints or {}, outcomes=outcomes or {}
        )

    return produced


def test_table_shows_a_line_for_each_candidate(show):
    text = show(leaderboard=LEADERBOARD)

    (line,) = [line for line in text.splitlines() if "random forest" in line]
    cells = [cell.strip() for cell in line.split("│")[1:-1]]
    assert cells == ["➤", "random forest", "0.123 ± 0.032", "0.951 ± 0.023"]


LABELLED = {
    "rows": 20,
    "left_out": [],
    "duplicates": 0,
    "train": {"rows": 117, "labelled": 12},
    "test": {"rows": 52, "labelled": 8},
    "first": "2026-11-01",
    "last": "2026-11-02",
}


@pytest.mark.parametrize(
    ("left_out", "rest"), [([], ""), ([{"rows": 2}, {"rows": 1}], "; 3 were left out")]
)
def test_labelled_rows_have_a_line(show, left_out, rest):
    text = show(origins={"labelled": {**LABELLED, "left_out": left_out}})

    assert text == (
        "Labels      12 of 117 training rows and 8 of 52 held-out rows are labelled"
        f" predictions{rest}\n"
    )


def test_labelled_rows_are_not_mentioned_if_there_are_none(show):
    assert show(origins={"source": "my.csv", "labelled": None}) == ""


def test_table_says_how_candidates_were_compared_and_ends_with_a_baseline(show):
    first, *_, last, _ = show(leaderboard=LEADERBOARD).strip().splitlines()

    assert first == (
        "Candidates in 5-fold cross-validation, repeated 2 times; log loss decides"
    )
    assert "class frequencies │ 1.100 ± 0.001 │ 0.330 ± 0.010" in last


def test_candidate_that_is_not_releasable_is_shown_with_the_reason(show):
    refused = {**ENTRY, "chosen": False, "releasable": False, "reason": "no converter"}

    text = show(leaderboard={**LEADERBOARD, "candidates": [refused]})

    assert "✗ random_forest is not releasable: no converter" in text


def test_brackets_in_a_reason_are_shown_as_they_are(show, produced):
    reason = "[/model/Cast] of [float] failed"
    refused = {**ENTRY, "chosen": False, "releasable": False, "reason": reason}
    report = {**REPORT, "reasons": [reason]}

    text = show(
        leaderboard={**LEADERBOARD, "candidates": [refused]},
        gate_report=report,
        registry=produced(),
    )

    assert text.count(reason) == 2


def test_verdict_is_shown_with_its_reasons(show, produced):
    text = show(gate_report=REPORT, registry=produced())

    assert "Chosen      random forest" in text
    assert "Gate        better\n            the whole interval is above zero" in text


@pytest.mark.parametrize(
    ("run", "fingerprints", "shown"),
    [
        ("this run", {}, "released by this run"),
        ("another run", {"this model": "7"}, "as before"),
    ],
)
def test_production_is_shown(show, produced, run, fingerprints, shown):
    registry = produced({run: Outcome("7")}, fingerprints)

    text = show(gate_report=REPORT, registry=registry)

    assert f"Production  version 7 of iris ({shown})" in text
    assert "promote" not in text


@pytest.mark.parametrize(
    ("outcome", "advice"),
    [
        (
            Outcome("8", needs_reason=True),
            'to promote it: .venv/bin/kedro model promote 8 --reason "…"',
        ),
        (
            Outcome("8", "version 7 is Production now"),
            "version 7 is Production now\n"
            "            to promote it: .venv/bin/kedro model promote 8\n",
        ),
    ],
    ids=["refused", "overtaken"],
)
def test_challenger_is_shown_with_why_and_how_to_promote_it(
    show, produced, outcome, advice
):
    text = show(gate_report=REPORT, registry=produced({"this run": outcome}))

    assert f"Challenger  version 8 of iris\n            {advice}" in text
    assert "Production  version 7 of iris (as before)" in text


def test_canary_is_shown_with_its_share(show, produced):
    outcome = Outcome("8", canary_share=0.05)

    text = show(gate_report=REPORT, registry=produced({"this run": outcome}))

    assert "Canary      version 8 of iris, answers 5% of the requests" in text
    assert "without a watcher: .venv/bin/kedro model canary --decide" in text
    assert "Production  version 7 of iris (as before)" in text


def test_release_judged_again_in_its_run_is_not_shown_as_new(show, produced):
    report = {**REPORT, "verdict": "unchanged", "promotes": False}

    text = show(gate_report=report, registry=produced({"this run": Outcome("7")}))

    assert "Production  version 7 of iris (as before)" in text


def test_model_registered_before_is_shown_with_how_to_promote_it(show, produced):
    registry = produced({"another run": Outcome("3")}, {"this model": "3"})

    text = show(gate_report=REPORT, registry=registry)

    assert (
        "This model  version 3, registered before\n"
        "            to promote it: .venv/bin/kedro model promote 3\n"
        "Production  version 7 of iris (as before)" in text
    )


def test_serving_is_not_suggested_without_production(show):
    text = show(gate_report=REPORT, registry=RegistryState(None, {}))

    assert "Production  none" in text
    assert "make serve" not in text
    assert "parameters_model_release.yml   what the gate asks for" in text


def test_report_of_an_earlier_run_is_not_shown_as_a_verdict(show):
    assert show(gate_report=REPORT) == ""


def test_run_without_results_prints_nothing(show):
    assert show() == ""


def test_next_commands_are_for_the_environment_and_the_model(show, produced):
    text = show("wine", gate_report={**REPORT, "model": "wine"}, registry=produced())

    assert re.search("make serve ENV=wine +predict over HTTP", text)
    assert ".venv/bin/kedro model history --env wine" in text


def test_serving_is_not_suggested_for_another_registry(show, produced):
    text = show("loop", gate_report=REPORT, registry=produced())

    assert "make serve" not in text
    assert ".venv/bin/kedro model history --env loop" in text


def test_advice_on_a_challenger_is_for_the_environment(show, produced):
    registry = produced({"this run": Outcome("8", needs_reason=True)})

    text = show("wine", gate_report=REPORT, registry=registry)

    assert '.venv/bin/kedro model promote 8 --env wine --reason "…"' in text


def test_advice_on_an_unchanged_run_is_for_the_environment(produced, capsys):
    decision = Decision(Verdict.UNCHANGED, ["it is there"], promotes=False)

    print_unchanged(decision, produced(), "wine", "digest", "wine")

    command = ".venv/bin/kedro run --env wine --params data_science.force=true"
    assert command in capsys.readouterr().out


def test_commands_to_copy_stay_whole(produced, capsys):
    report = {**REPORT, "verdict": "unfit", "promotes": False, "model": "wine"}
    nothing = RegistryState(None, {})
    results = {"gate_report": report, "registry": nothing}

    print_summary(results, console=Console(width=80))
    print_summary({**results, "registry": produced()}, "wine", Console(width=80))

    output = capsys.readouterr().out
    assert " conf/base/parameters_model_release.yml " in output
    assert " .venv/bin/kedro model history --env wine " in output
