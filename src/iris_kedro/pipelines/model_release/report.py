"""Node that builds the gate's report."""

import json
from dataclasses import fields
from typing import Any

import onnx

from iris_kedro.gate.comparing import Comparison, Difference
from iris_kedro.gate.performance import Performance
from iris_kedro.gate.release import Decision
from iris_kedro.gate.statistics.intervals import Estimate
from iris_kedro.model.contract import Contract
from iris_kedro.model.provenance import Lineage
from iris_kedro.specification import Gate


def build_report(
    comparison: Comparison,
    decision: Decision,
    challenger: onnx.ModelProto,
    lineage: Lineage,
    gate: Gate,
) -> dict[str, Any]:
    """Combine the comparison, the thresholds and the verdict in one document."""
    contract = Contract.read(challenger)
    return {
        "verdict": str(decision.verdict),
        "promotes": decision.promotes,
        "is_final": decision.is_final,
        "reasons": decision.reasons,
        "model": contract.name,
        "candidate": contract.candidate,
        "run_id": lineage.provenance.run_id,
        "data_digest": contract.data_digest,
        "git_commit": lineage.provenance.git_commit,
        "command": lineage.command,
        "trained_at": lineage.provenance.started_at,
        "fingerprint": contract.training_fingerprint,
        "comparison": json.loads(json.dumps(_to_mapping(comparison))),
        "gate": gate.model_dump(),
    }


def _to_mapping(value: Any) -> Any:
    """Convert dataclasses and estimates to mappings, so that JSON has their names."""
    if isinstance(value, Estimate):
        return value._asdict()
    if isinstance(value, Comparison | Difference | Performance):
        return {
            each.name: _to_mapping(getattr(value, each.name)) for each in fields(value)
        }
    return value
