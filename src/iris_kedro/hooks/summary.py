"""The result of a run on the terminal."""

from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from iris_kedro.gate.release import Decision, Outcome, RegistryState
from iris_kedro.hooks.batch_summary import print_scores
from iris_kedro.hooks.leaderboard_summary import print_leaderboard
from iris_kedro.hooks.monitoring_summary import print_monitoring
from iris_kedro.style import words

KEDRO = ".venv/bin/kedro"
VERDICT_STYLES = {True: "bold green", False: "bold yellow"}


def print_summary(
    results: dict[str, Any], env: str | None = None, console: Console | None = None
) -> None:
    """Print what a run has found: the candidates, the verdict, the next commands.

    Args:
        results: What there is of ``leaderboard``, ``origins``, ``gate_report``,
            ``registry``, ``monitoring.report`` and ``batch_inference.report``.
        env: Configuration environment of the run.
        console: Where to print; by default the terminal.
    """
    console = console or Console()
    if "leaderboard" in results:
        print_leaderboard(results["leaderboard"], console)
    if labelled := results.get("origins", {}).get("labelled"):
        console.print(f"Labels      {_describe_labelled(labelled)}", highlight=False)
    if {"gate_report", "registry"} <= results.keys():
        report, registry = results["gate_report"], results["registry"]
        _print_verdict(report, registry, env, console)
        console.print()
        console.print(_list_next(report["model"], registry, env), highlight=False)
    if "monitoring.report" in results:
        print_monitoring(results["monitoring.report"], env, console)
    if "batch_inference.report" in results:
        print_scores(results["batch_inference.report"], console)


def print_unchanged(
    decision: Decision,
    registry: RegistryState,
    model: str,
    fingerprint: str,
    env: str | None = None,
) -> None:
    """Print why a run has nothing to do, and how to change that."""
    console = Console()
    console.print(f"Gate        {decision.verdict}")
    _print_reasons(decision.reasons, console)
    report = {
        "run_id": "",
        "model": model,
        "fingerprint": fingerprint,
        "promotes": decision.promotes,
    }
    _print_roles(report, registry, env, console)
    force = _kedro("run", env, "--params data_science.force=true")
    console.print(f"\nNothing was trained. To train all the same:\n{force}")


def _describe_labelled(labelled: dict[str, Any]) -> str:
    sides = (
        f"{labelled[side]['labelled']} of {labelled[side]['rows']} {name} rows"
        for side, name in (("train", "training"), ("test", "held-out"))
    )
    left_out = sum(each["rows"] for each in labelled["left_out"])
    rest = f"; {left_out} were left out" if left_out else ""
    return f"{' and '.join(sides)} are labelled predictions{rest}"


def _print_verdict(
    report: dict[str, Any], registry: RegistryState, env: str | None, console: Console
) -> None:
    style = VERDICT_STYLES[report["promotes"]]
    console.print(f"Chosen      {words(report['candidate'])}")
    console.print(f"Gate        [{style}]{report['verdict']}[/]")
    _print_reasons(report["reasons"], console)
    _print_roles(report, registry, env, console)


def _list_next(model: str, registry: RegistryState, env: str | None) -> Table:
    serve = "make serve" if env is None else f"make serve ENV={model}"
    # One of another name, such as loop or production, may have a registry of its own.
    served = [(serve, "predict over HTTP")] if env in {None, model} else []
    looks = [
        ("make ui", "compare the runs in MLflow"),
        ("make viz", "see the pipelines as a graph"),
    ]
    recorded = [(_kedro("model history", env), "what was in Production, and why")]
    settings = [
        ("conf/base/parameters_data_science.yml", "the candidates"),
        ("conf/base/parameters_model_release.yml", "what the gate asks for"),
    ]
    steps = served + looks + recorded if registry.production else looks + settings
    command = Column(no_wrap=True)  # to be copied
    table = Table.grid("", command, "", padding=(0, 3, 0, 0))
    for number, step in enumerate(steps):
        table.add_row("" if number else f"{'Next':9}", *step)
    return table


def _kedro(command: str, env: str | None, options: str = "") -> str:
    parts = [KEDRO, command, f"--env {env}" if env else "", options]
    return " ".join(part for part in parts if part)


def _print_reasons(reasons: list[str], console: Console) -> None:
    for reason in reasons:
        console.print(Padding(Text(reason), (0, 0, 0, 12), expand=False))


def _print_roles(
    report: dict[str, Any], registry: RegistryState, env: str | None, console: Console
) -> None:
    production = registry.production
    released = registry.outcomes.get(report["run_id"])
    outcome = released or _find_same(report, registry)
    if outcome and (production is None or outcome.version != production.version):
        title = "Challenger" if released else "This model"
        origin = f" of {report['model']}" if released else ", registered before"
        if outcome.canary_share is not None:
            title = "Canary"
            origin = f"{origin}, answers {outcome.canary_share:.0%} of the requests"
        console.print(f"{title:<10}  version {outcome.version}{origin}")
        moves_on = ""
        if outcome.canary_share is not None:
            decide = _kedro("model canary --decide", env)
            moves_on = f"kedro watch decides about it; without a watcher: {decide}"
        advice = f"to promote it: {_advise(outcome, env)}"
        for line in (outcome.note, moves_on, advice):
            if line:
                console.print(f"            {line}", markup=False, soft_wrap=True)
        released = None
    console.print(f"Production  {_describe_production(report, registry, released)}")


def _find_same(report: dict[str, Any], registry: RegistryState) -> Outcome | None:
    """Find the version that is the same model as this run's, which is not new."""
    version = registry.fingerprints.get(report["fingerprint"])
    known = (each for each in registry.outcomes.values() if each.version == version)
    return next(known, None)


def _advise(outcome: Outcome, env: str | None) -> str:
    reason = '--reason "…"' if outcome.needs_reason else ""
    return _kedro(f"model promote {outcome.version}", env, reason)


def _describe_production(
    report: dict[str, Any], registry: RegistryState, released: Outcome | None
) -> str:
    if registry.production is None:
        return "none"
    version = f"version {registry.production.version} of {report['model']}"
    is_new = released is not None and report["promotes"]
    return f"{version} ({'released by this run' if is_new else 'as before'})"
