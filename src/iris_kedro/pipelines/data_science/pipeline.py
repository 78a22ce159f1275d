"""The pipeline from training and held-out data to the challenger."""

from collections.abc import Callable

import pandas as pd
from kedro.pipeline import Node, Pipeline

from iris_kedro.configuration import list_candidates
from iris_kedro.model.candidates import TrainedCandidate, UntrainedCandidate
from iris_kedro.specification import Candidate, Dataset, Training

from .decision import apply_decision, choose_decision
from .export import describe_challenger, export_onnx
from .nodes import evaluate_best, select_best, train_candidate, validate_baseline
from .records import build_leaderboard, record_candidates, select_metrics, trace_lineage

TRAINING = "params:data_science.training"
CLUSTER = "cluster"  # tag of nodes whose fits can run on one: iris_kedro.hooks.cluster


def create_pipeline() -> Pipeline:
    """Create the data science pipeline, with a namespace for each candidate."""
    names = list_candidates()
    branches = sum((_create_branch(name) for name in names), Pipeline([]))
    exported = [f"exported_{name}" for name in names]
    return Pipeline(
        [branches, _create_choice(exported), _create_result(names)], tags="data_science"
    )


def _candidate(name: str) -> str:
    return f"params:data_science.candidates.{name}"


def _create_branch(name: str) -> Pipeline:
    namespace = f"candidates.{name}"
    return Pipeline(
        [
            Node(
                _name_training(name),
                inputs={
                    "train_data": "train_data",
                    "dataset": "params:dataset",
                    "candidate": _candidate(name),
                    "training": TRAINING,
                },
                outputs=f"{namespace}.trained",
                name="train",
                namespace=namespace,
                tags=CLUSTER,
            ),
            Node(
                export_onnx,
                inputs={
                    "trained": f"{namespace}.trained",
                    "train_data": "train_data",
                    "dataset": "params:dataset",
                    "export": "params:data_science.export",
                },
                outputs=f"exported_{name}",
                name="export",
                namespace=namespace,
            ),
        ]
    )


def _name_training(name: str) -> Callable[..., TrainedCandidate | UntrainedCandidate]:
    # Kedro reads the types of parameters from a function's signature, which a partial
    # does not have.
    def train(
        train_data: pd.DataFrame,
        dataset: Dataset,
        candidate: Candidate,
        training: Training,
    ) -> TrainedCandidate | UntrainedCandidate:
        """Train the candidate of this namespace."""
        return train_candidate(name, train_data, dataset, candidate, training)

    return train


def _create_choice(exported: list[str]) -> Pipeline:
    return Pipeline(
        [
            Node(
                validate_baseline,
                inputs={
                    "train_data": "train_data",
                    "dataset": "params:dataset",
                    "training": TRAINING,
                },
                outputs="baseline",
                name="validate_baseline",
                namespace="candidates",
            ),
            Node(
                select_best,
                inputs=[TRAINING, *exported],
                outputs="best",
                name="select_best",
            ),
            Node(
                build_leaderboard,
                inputs=["best", "baseline", TRAINING, *exported],
                outputs="leaderboard",
                name="build_leaderboard",
            ),
            Node(
                record_candidates,
                inputs=["best", *exported],
                outputs="candidate_runs",
                name="record_candidates",
            ),
        ]
    )


def _create_result(names: list[str]) -> Pipeline:
    return Pipeline(
        [
            Node(
                choose_decision,
                inputs={
                    "best": "best",
                    "train_data": "train_data",
                    "dataset": "params:dataset",
                    "training": TRAINING,
                },
                outputs="decision_rule",
                name="choose_decision",
                namespace="contract",
                tags=CLUSTER,
            ),
            Node(
                apply_decision,
                inputs={"best": "best", "decision_rule": "decision_rule"},
                outputs="decided",
                name="apply_decision",
                namespace="contract",
            ),
            Node(
                evaluate_best,
                inputs={
                    "best": "decided",
                    "test_data": "test_data",
                    "dataset": "params:dataset",
                },
                outputs="evaluation",
                name="evaluate_best",
                namespace="contract",
            ),
            Node(
                select_metrics,
                inputs={"evaluation": "evaluation"},
                outputs="metrics",
                name="select_metrics",
                namespace="contract",
            ),
            Node(
                trace_lineage,
                inputs=[
                    "raw@file",
                    "labelled_file",
                    "raw_archive",
                    "data_digest",
                    "params:dataset",
                    "params:data_engineering.split",
                    TRAINING,
                    "params:data_science.export",
                    "provenance",
                    *(_candidate(name) for name in names),
                ],
                outputs="lineage",
                name="trace_lineage",
                namespace="contract",
            ),
            Node(
                describe_challenger,
                inputs={
                    "best": "decided",
                    "evaluation": "evaluation",
                    "train_data": "train_data",
                    "test_data": "test_data",
                    "lineage": "lineage",
                    "dataset": "params:dataset",
                    "split": "params:data_engineering.split",
                    "export": "params:data_science.export",
                    "training": TRAINING,
                },
                outputs="challenger@onnx",
                name="describe_challenger",
                namespace="contract",
            ),
        ]
    )
