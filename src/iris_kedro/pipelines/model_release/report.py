"""Nodes that put the gate's verdict into words."""

import json
from dataclasses import asdict
from typing import Any

import onnx

from iris_kedro.contract import Contract
from iris_kedro.parameters import Gate
from iris_kedro.release import Comparison, Decision


def build_report(
    comparison: Comparison,
    decision: Decision,
    challenger: onnx.ModelProto,
    fingerprint: str,
    gate: Gate,
) -> dict[str, Any]:
    """Put the comparison, the thresholds and the verdict into one document."""
    contract = Contract.read(challenger)
    return {
        "verdict": str(decision.verdict),
        "promotes": decision.promotes,
        "reasons": decision.reasons,
        "model": contract.name,
        "candidate": contract.candidate,
        "run_id": contract.run_id,
        "data_digest": contract.data_digest,
        "git_commit": contract.git_commit,
        "fingerprint": fingerprint,
        "comparison": json.loads(json.dumps(asdict(comparison))),
        "gate": gate.model_dump(),
    }


def render_report(report: dict[str, Any]) -> str:
    """Render the gate report as Markdown."""
    comparison, gate = report["comparison"], report["gate"]
    challenger, production = comparison["challenger"], comparison["production"] or {}
    rows = [
        ("accuracy", "accuracy", f"at least {gate['minimum_accuracy']:g}"),
        ("single-row latency, ms", "latency_ms", f"{gate['latency_budget_ms']:g}"),
    ]
    table = [
        f"| {title} | {_cell(challenger.get(key))} | {_cell(production.get(key))} |"
        f" {floor} |"
        for title, key, floor in rows
    ] + [
        f"| recall of {name} | {_cell(recall)} |"
        f" {_cell(production.get('recalls', {}).get(name))} |"
        f" at least {gate['minimum_recall']:g} |"
        for name, recall in challenger["recalls"].items()
    ]
    interval = comparison["interval"]
    difference = (
        "There was nothing to compare with."
        if interval is None
        else f"Difference in accuracy: **{comparison['difference']:+.3f}**,"
        f" {gate['confidence']:.0%} interval {interval[0]:+.3f} to {interval[1]:+.3f}"
        f" (paired bootstrap; a loss up to {gate['margin']:g} is not worse)."
    )
    version = comparison["production_version"]
    shared = (
        f", Production on the {comparison['shared_rows']} of them that it was not"
        " trained on either"
        if production
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
            *table,
            "",
            difference,
            "",
            f"Data {report['data_digest']}, code {report['git_commit']}.",
            "",
        ]
    )


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
