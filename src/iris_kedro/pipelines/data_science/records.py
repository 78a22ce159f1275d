"""Nodes that collect the records of a training run."""

from collections.abc import Iterable
from typing import Any

from iris_kedro.model.candidates import (
    CandidateRecord,
    CrossValidation,
    Evaluation,
    ExportedCandidate,
    UntrainedCandidate,
    name_metric,
)
from iris_kedro.model.provenance import (
    Lineage,
    Provenance,
    RawData,
    compute_fingerprint,
)
from iris_kedro.specification import Candidate, Dataset, Export, Split, Training

AnyCandidate = ExportedCandidate | UntrainedCandidate


def build_leaderboard(
    best: ExportedCandidate,
    baseline: CrossValidation,
    training: Training,
    *candidates: AnyCandidate,
) -> dict[str, Any]:
    """Summarize the candidates in the order of the configuration, and the baseline.

    Scores are those of cross-validation, with their standard errors.
    """
    return {
        "metric": name_metric(training.scoring),
        "folds": training.folds,
        "repeats": baseline.repeats,
        "candidates": [
            {
                "candidate": each.name,
                "scores": each.trained.cross_validation.summarize(),
                "folds": each.trained.cross_validation.show(training.scoring),
                "best_parameters": each.trained.best_parameters,
                "releasable": each.is_releasable,
                "reason": each.reason,
                "chosen": each.name == best.name,
            }
            for each in select_trained(candidates)
        ],
        "untrained": [
            {"candidate": each.name, "reason": each.reason}
            for each in candidates
            if isinstance(each, UntrainedCandidate)
        ],
        "baseline": baseline.summarize(),
    }


def record_candidates(
    best: ExportedCandidate, *candidates: AnyCandidate
) -> list[CandidateRecord]:
    """Collect the records of all trained candidates."""
    return [
        CandidateRecord(each, each.name == best.name)
        for each in select_trained(candidates)
    ]


def select_trained(candidates: Iterable[AnyCandidate]) -> list[ExportedCandidate]:
    """Return the candidates that could be trained."""
    return [each for each in candidates if isinstance(each, ExportedCandidate)]


def select_metrics(evaluation: Evaluation) -> dict[str, dict[str, float]]:
    """Return the chosen candidate's metrics for the parent run."""
    return {
        name: {"value": value, "step": 0} for name, value in evaluation.metrics.items()
    }


def trace_lineage(
    raw: bytes,
    labelled: bytes,
    archived: RawData,
    data_digest: str,
    dataset: Dataset,
    split: Split,
    training: Training,
    export: Export,
    provenance: Provenance,
    *candidates: Candidate,
) -> Lineage:
    """Describe everything that the training depends on."""
    fingerprint = compute_fingerprint(
        raw, labelled, dataset, split, training, export, provenance, candidates
    )
    return Lineage(data_digest, provenance, fingerprint, archived)
