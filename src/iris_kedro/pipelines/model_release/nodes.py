"""Nodes that judge a challenger and release it."""

from dataclasses import replace

import onnx
import pandas as pd

from iris_kedro.gate.comparing import Comparison, compare_with_baseline
from iris_kedro.gate.judging import judge
from iris_kedro.gate.known import digest_judgement, recall_versions
from iris_kedro.gate.performance import answer, summarize
from iris_kedro.gate.release import Decision, RegistryState, Release
from iris_kedro.gate.released import (
    compare_with_released,
    find_best_predecessor,
    has_newer_data,
)
from iris_kedro.model.contract import Contract
from iris_kedro.model.decision import DecisionRule
from iris_kedro.model.provenance import Lineage
from iris_kedro.specification import Canary, Dataset, Gate, Strategy


def compare(
    challenger: onnx.ModelProto,
    latency_ms: float,
    registry: RegistryState,
    test_data: pd.DataFrame,
    dataset: Dataset,
    gate: Gate,
) -> Comparison:
    """Compare the challenger with Production on rows that neither has seen.

    Each model gets its own columns of the same rows. Rows that Production was trained
    on, under another split, only count for the challenger's own performance.
    """
    contract = Contract.read(challenger)
    rule = DecisionRule.of(contract.target)
    ours = answer(challenger, test_data, dataset.target, rule)
    alone = Comparison(
        rows=len(test_data),
        challenger=summarize(ours, test_data, dataset.target, gate, latency_ms),
        baseline=compare_with_baseline(
            challenger, ours, test_data, dataset.target, gate
        ),
        has_newer_data=has_newer_data(challenger, registry),
        **recall_versions(contract.training_fingerprint, registry, gate),
    )
    if registry.production is None:
        return alone
    try:
        difference, production = compare_with_released(
            registry.production, ours, test_data, dataset, gate, rule
        )
    except ValueError as error:
        return replace(alone, incompatibility=str(error))
    predecessor = find_best_predecessor(registry, ours, test_data, dataset, gate, rule)
    production_rule = DecisionRule.of(registry.production.contract.target)
    return replace(
        alone,
        has_other_rule=not rule.agrees_with(production_rule),
        production=production,
        difference=difference,
        predecessor=predecessor,
    )


def decide(comparison: Comparison, gate: Gate) -> Decision:
    """Judge the challenger: minimum requirements first, then the difference."""
    return judge(comparison, gate)


def release(
    challenger: onnx.ModelProto,
    comparison: Comparison,
    decision: Decision,
    lineage: Lineage,
    gate: Gate,
    strategy: Strategy = "direct",
    canary: Canary | None = None,
) -> Release:
    """Pass the judged challenger to the registry.

    With the strategy ``canary``, it answers the first share of the requests before it
    can become Production.
    """
    production = comparison.production_version
    is_refused_for_good = decision.is_final and not decision.promotes
    return Release(
        model=challenger,
        decision=decision,
        lineage=lineage,
        compared_with=production,
        fingerprint=Contract.read(challenger).training_fingerprint,
        judgement=digest_judgement(gate, production) if is_refused_for_good else "",
        canary_share=canary.shares[0] if canary and strategy == "canary" else None,
    )
