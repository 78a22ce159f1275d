"""What people read of a run in MLflow: its name, and a description in Markdown."""

from collections.abc import Mapping
from typing import Any

from iris_kedro.style import words

MAXIMUM_REASONS = 30  # MLflow cuts descriptions at 8,000 characters
SHORT = 7  # characters of a run's id, as of a commit's


def name_run(title: str, run_id: str) -> str:
    """Return a run's name, which ends in the id of the run or of its parent."""
    return f"{title} · {run_id[:SHORT]}"


def find_title(results: Mapping[str, Any]) -> str:
    """Return a run's result in a few words; empty if it has none of these.

    Args:
        results: What there is of ``leaderboard``, ``gate_report``,
            ``monitoring.report`` and ``batch_inference.report``.
    """
    if report := results.get("gate_report"):
        return f"{report['verdict']} · {words(report['candidate'])}"
    if leaderboard := results.get("leaderboard"):
        return f"not judged · {words(find_chosen(leaderboard)['candidate'])}"
    if report := results.get("monitoring.report"):
        return f"monitoring of version {report['version']} · {report['verdict']}"
    if report := results.get("batch_inference.report"):
        return f"{report['scored']:,} rows scored by version {report['version']}"
    return ""


def find_chosen(leaderboard: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of the chosen candidate."""
    chosen: dict[str, Any] = next(
        each for each in leaderboard["candidates"] if each["chosen"]
    )
    return chosen


def describe_run(
    results: Mapping[str, Any], candidates: Mapping[str, tuple[str, str]]
) -> str:
    """Describe a training run: the verdict with its reasons, and the candidates.

    Args:
        results: What there is of ``leaderboard`` and ``gate_report``.
        candidates: For each candidate its experiment and its run, to link to.
    """
    parts = []
    if report := results.get("gate_report"):
        shown = report["reasons"][:MAXIMUM_REASONS]
        if more := len(report["reasons"]) - len(shown):
            shown = [*shown, f"and {more} more, in the gate report"]
        reasons = "\n".join(f"- {reason}" for reason in shown)
        parts += [
            f"The gate's verdict on {words(report['candidate'])}:"
            f" **{report['verdict']}**\n\n{reasons}"
        ]
    if leaderboard := results.get("leaderboard"):
        parts += [
            _tabulate(leaderboard, candidates),
            f"{_describe_comparison(leaderboard)}.",
        ]
    if report:
        parts += ["The artifacts contain the reports, under `reports`."]
    return "\n\n".join(parts)


def describe_candidate(
    entry: Mapping[str, Any], leaderboard: Mapping[str, Any], parent: str
) -> str:
    """Describe a candidate: its scores, its parameters, and what became of it."""
    scores = ", ".join(
        f"{words(metric)} {_format(score)}" for metric, score in entry["scores"].items()
    )
    found = ", ".join(
        f"`{name}` = {value}" for name, value in entry["best_parameters"].items()
    )
    lines = [
        f"**{find_outcome(entry).capitalize()}** in the run {parent}",
        f"{scores}. {_describe_comparison(leaderboard)}.",
        f"The search chose {found}." if found else "",
        f"Not releasable: {entry['reason']}" if entry["reason"] else "",
    ]
    return "\n\n".join(line for line in lines if line)


def find_outcome(entry: Mapping[str, Any]) -> str:
    """Return what became of a candidate before the gate judged the chosen one."""
    if entry["chosen"]:
        return "chosen"
    return "not chosen" if entry["releasable"] else "not releasable"


def link(text: str, experiment: str, run: str) -> str:
    """Return a Markdown link to a run within MLflow's pages."""
    return f"[{text}](#/experiments/{experiment}/runs/{run})"


def _describe_comparison(leaderboard: Mapping[str, Any]) -> str:
    repeats = leaderboard["repeats"]
    times = f", repeated {repeats} times" if repeats > 1 else ""
    return (
        f"Mean ± standard error in {leaderboard['folds']}-fold cross-validation{times};"
        f" {words(leaderboard['metric'])} decides"
    )


def _tabulate(
    leaderboard: Mapping[str, Any], candidates: Mapping[str, tuple[str, str]]
) -> str:
    metrics = list(leaderboard["baseline"])
    rows = [["candidate", *map(words, metrics)], ["---"] * (len(metrics) + 1)]
    for entry in leaderboard["candidates"]:
        name = words(entry["candidate"])
        if entry["candidate"] in candidates:
            name = link(name, *candidates[entry["candidate"]])
        cells = [name, *(_format(entry["scores"][metric]) for metric in metrics)]
        rows.append([f"**{cell}**" for cell in cells] if entry["chosen"] else cells)
    baseline = [_format(leaderboard["baseline"][metric]) for metric in metrics]
    rows.append(["class frequencies", *baseline])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _format(score: Mapping[str, float]) -> str:
    return f"{score['mean']:.3f} ± {score['standard_error']:.3f}"
