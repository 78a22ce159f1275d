"""Node that puts the gate's verdict into words."""

from typing import Any

from iris_kedro.gate.reasons import compare_p_value


def render_report(card: dict[str, Any]) -> str:
    """Render the gate report, which the card holds, as Markdown."""
    report = card["report"]
    comparison = report["comparison"]
    version = comparison["production_version"]
    level = f"{report['gate']['confidence']:.0%}"
    shared = (
        f", Production on the {comparison['difference']['rows']} of them that it was"
        " not trained on either"
        if comparison["difference"]
        else ""
    )
    return "\n".join(
        [
            f"# Gate report: {report['verdict']}",
            "",
            f"Challenger: {report['candidate']} of run {report['run_id']}.",
            f"Production: {f'version {version}' if version else 'none yet'}.",
            "",
            *[f"- {reason}" for reason in report["reasons"]],
            "",
            f"The challenger on {comparison['rows']} held-out rows{shared}:",
            "",
            "| | challenger | Production | wanted |",
            "| --- | --- | --- | --- |",
            *_list_measurements(comparison, report["gate"]),
            "",
            f"The challenger compared on shared rows ({level} intervals):",
            "",
            "| with | rows | log loss lower by | accuracy higher by | rows gained, lost"
            " | p |",
            "| --- | ---: | --- | --- | ---: | ---: |",
            *_list_differences(comparison),
            "",
            f"Data {report['data_digest']}, code {report['git_commit']}.",
            "",
        ]
    )


def _list_measurements(comparison: dict[str, Any], gate: dict[str, Any]) -> list[str]:
    challenger, production = comparison["challenger"], comparison["production"]
    lines: list[tuple[str, Any, Any, str]] = [
        (title, challenger[key], production and production[key], wanted)
        for title, key, wanted in [
            ("log loss", "log_loss", ""),
            ("accuracy", "accuracy", f"at least {gate['minimum_accuracy']:g}"),
            (
                "expected calibration error",
                "calibration_error",
                f"at most {gate['maximum_calibration_error']:g}",
            ),
            (
                "single-row latency, ms",
                "latency_ms",
                f"at most {gate['latency_budget_ms']:g}",
            ),
        ]
    ]
    lines += [
        (
            f"recall of {name}",
            recall,
            production and production["recalls"].get(name),
            f"at least {gate['minimum_recall']:g}",
        )
        for name, recall in challenger["recalls"].items()
    ]
    return [
        f"| {title} | {_cell(ours)} | {_cell(theirs)} | {wanted} |"
        for title, ours, theirs, wanted in lines
    ]


def _list_differences(comparison: dict[str, Any]) -> list[str]:
    return [
        f"| {each['other']} | {each['rows']} |"
        f" {_cell(each['log_loss_reduction'], '+')} |"
        f" {_cell(each['accuracy_gain'], '+')} |"
        f" {each['gained']}, {each['lost']} |"
        f" {compare_p_value(each['p_value']).removeprefix('= ')} |"
        for each in (
            comparison[key] for key in ("baseline", "difference", "predecessor")
        )
        if each
    ]


def _cell(value: float | dict[str, float] | None, sign: str = "") -> str:
    if value is None:
        return "–"
    if isinstance(value, dict):
        numbers = (f"{value[key]:{sign}.3f}" for key in ("value", "low", "high"))
        return "{} ({} to {})".format(*numbers)
    return f"{value:{sign}.3f}"
