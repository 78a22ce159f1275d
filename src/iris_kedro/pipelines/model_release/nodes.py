"""Nodes that judge a challenger and release it."""

import hashlib
from dataclasses import replace
from typing import Any

import onnx
import pandas as pd

from iris_kedro.contract import Contract
from iris_kedro.parameters import Dataset, Gate
from iris_kedro.provenance import Lineage
from iris_kedro.release import Decision, RegistryState, Release

from .gate.comparing import (
    Comparison,
    compare_with_baseline,
    compare_with_released,
    find_best_predecessor,
    has_newer_data,
)
from .gate.judging import judge
from .gate.performance import answer, summarize


def compare(
    challenger: onnx.ModelProto,
    registry: RegistryState,
    test_data: pd.DataFrame,
    dataset: Dataset,
    gate: Gate,
) -> Comparison:
    """Compare the challenger with Production on rows that neither has seen.

    Each model gets its own columns of the same rows. Rows that Production was trained
    on, under another split, count for the challenger's own performance only.
    """
    ours = answer(challenger, test_data, dataset.target)
    fingerprint = Contract.read(challenger).training_fingerprint
    alone = Comparison(
        rows=len(test_data),
        challenger=summarize(challenger, ours, test_data, dataset.target, gate),
        baseline=compare_with_baseline(
            challenger, ours, test_data, dataset.target, gate
        ),
        has_newer_data=has_newer_data(challenger, registry),
        **recall_versions(fingerprint, registry, gate),
    )
    if registry.production is None:
        return alone
    try:
        difference, production = compare_with_released(
            registry.production, ours, test_data, dataset, gate
        )
    except ValueError as error:
        return replace(alone, incompatibility=str(error))
    predecessor = find_best_predecessor(registry, ours, test_data, dataset, gate)
    return replace(
        alone,
        production=production,
        difference=difference,
        predecessor=predecessor,
    )


def decide(comparison: Comparison, gate: Gate) -> Decision:
    """Judge the challenger: the floors first, then the difference from Production."""
    return judge(comparison, gate)


def release(
    challenger: onnx.ModelProto,
    comparison: Comparison,
    decision: Decision,
    lineage: Lineage,
    report: str,
    card: str,
    gate: Gate,
) -> Release:
    """Pass the judged challenger to the registry, once its model card is written."""
    production = comparison.production_version
    is_refused_for_good = decision.is_final and not decision.promotes
    return Release(
        model=challenger,
        decision=decision,
        lineage=lineage,
        compared_with=production,
        fingerprint=Contract.read(challenger).training_fingerprint,
        report=report,
        card=card,
        judgement=digest_judgement(gate, production) if is_refused_for_good else "",
    )


def digest_judgement(gate: Gate, production: str | None) -> str:
    """Digest what a verdict depends on, besides the challenger itself."""
    return hashlib.sha256(f"{gate}\n{production}".encode()).hexdigest()


def recall_versions(
    fingerprint: str, registry: RegistryState, gate: Gate
) -> dict[str, Any]:
    """Return what the registry knows of Production and of the same training."""
    production = registry.production.version if registry.production else None
    existing = registry.fingerprints.get(fingerprint)
    judgement = registry.judgements.get(existing) if existing else None
    return {
        "production_version": production,
        "existing_version": existing,
        "was_promoted": existing in registry.promoted,
        "was_judged": judgement == digest_judgement(gate, production),
    }
