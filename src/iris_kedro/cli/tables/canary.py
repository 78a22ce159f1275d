"""Terminal tables of the evidence about a canary and a guard."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Column, Table

from iris_kedro.canary import Action, find

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from iris_kedro.canary import Decision, Findings
    from iris_kedro.registry import Registry, Trial
    from iris_kedro.specification import Canary

NONE = "–"


def print_trials(
    registry: "Registry", engine: "Engine | None", parameters: "Canary"
) -> None:
    """Print the evidence about the guard and the canary, if there are any."""
    console = Console()
    for trial in (registry.guard(), registry.canary()):
        if trial is None:
            continue
        console.print(_describe(trial), highlight=False)
        findings = find(registry.name, engine, trial, parameters)
        if findings is not None:
            console.print(_build_table(findings, parameters))


def print_decision(decision: "Decision", *, is_done: bool) -> None:
    """Print a decision, and how to carry it out if it has not been."""
    console = Console()
    style = "bold" if decision.action is Action.WAIT else "bold yellow"
    console.print(f"[{style}]{decision.action}[/]: ", end="")
    console.print(decision.reason, markup=False, highlight=False)
    if decision.action is not Action.WAIT and not is_done:
        console.print("To carry it out: kedro model canary --decide", highlight=False)


def _describe(trial: "Trial") -> str:
    since = f"since {trial.since:%Y-%m-%d %H:%M} UTC"
    if trial.kind == "guard":
        return (
            f"Production, version {trial.version}, is guarded against version"
            f" {trial.against} {since}"
        )
    return (
        f"Canary, version {trial.version}, answers {trial.share:.0%} of the requests;"
        f" compared with version {trial.against} in Production {since}"
    )


def _build_table(found: "Findings", parameters: "Canary") -> Table:
    shown = 1 / parameters.alpha

    def mark(e_value: float) -> str:
        return f"{e_value:.3g}{' ✓' if e_value >= shown else ''}"

    def share(value: float, rows: int) -> str:
        return f"{value:.1%}" if rows else NONE

    table = Table(
        "",
        Column("value", justify="right"),
        Column("limit", justify="right"),
        Column(f"e-value (required: {shown:g})", justify="right"),
    )
    table.add_row("rows predicted by both", f"{found.rows}", NONE, NONE)
    table.add_row(
        "rows at this share",
        f"{found.rows_at_share}",
        f"{parameters.minimum_rows}",
        NONE,
    )
    table.add_row(
        "agreement",
        share(found.agreement, found.rows),
        f"{parameters.minimum_agreement:.1%}",
        NONE,
    )
    table.add_row(
        "class shift",
        share(found.class_shift, found.rows),
        f"{parameters.maximum_class_shift:.1%}",
        mark(found.e_class_shift),
    )
    table.add_row(
        "confidence loss",
        share(found.confidence_loss, found.rows),
        f"{parameters.maximum_confidence_loss:.1%}",
        mark(found.e_less_sure),
    )
    table.add_row(
        f"additional requests above {parameters.latency_budget_ms:g} ms",
        share(found.slower, found.rows),
        f"{parameters.maximum_slower:.1%}",
        mark(found.e_slower),
    )
    table.add_section()
    accuracy = f"{found.accuracy:.1%} : {found.other_accuracy:.1%}"
    table.add_row("labelled rows", f"{found.labelled}", NONE, NONE)
    table.add_row(
        "accuracy, this : other", accuracy if found.labelled else NONE, NONE, NONE
    )
    table.add_row(
        "only this correct : only other", f"{found.gained} : {found.lost}", NONE, NONE
    )
    table.add_row(
        "worse",
        share(found.loss, found.labelled),
        f"{parameters.worse_by:.1%}",
        mark(found.e_worse),
    )
    table.add_row(
        "not worse",
        share(found.loss, found.labelled),
        f"{parameters.non_inferiority_margin:.1%}",
        mark(found.e_not_worse),
    )
    return table
