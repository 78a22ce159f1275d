"""From training and held-out data to the challenger."""

from kedro.pipeline import Node, Pipeline

from .export import describe_challenger, export_onnx
from .figures import plot_candidates, plot_comparison, select_confusion_matrix
from .nodes import (
    build_leaderboard,
    evaluate_candidates,
    record_candidates,
    select_best,
    select_metrics,
    trace_lineage,
    train_candidates,
)


def create_pipeline() -> Pipeline:
    """Create the data science pipeline."""
    return Pipeline(
        [
            Node(
                train_candidates,
                inputs={
                    "train_data": "train_data",
                    "dataset": "params:dataset",
                    "candidates": "params:data_science.candidates",
                    "training": "params:data_science.training",
                },
                outputs="trained",
                name="train_candidates",
            ),
            Node(
                evaluate_candidates,
                inputs={
                    "trained": "trained",
                    "test_data": "test_data",
                    "dataset": "params:dataset",
                },
                outputs="evaluations",
                name="evaluate_candidates",
            ),
            Node(
                export_onnx,
                inputs={
                    "trained": "trained",
                    "train_data": "train_data",
                    "test_data": "test_data",
                    "dataset": "params:dataset",
                    "export": "params:data_science.export",
                },
                outputs="exports",
                name="export_onnx",
            ),
            Node(
                select_best,
                inputs={"evaluations": "evaluations", "exports": "exports"},
                outputs="best",
                name="select_best",
            ),
            Node(
                plot_candidates,
                inputs={
                    "trained": "trained",
                    "evaluations": "evaluations",
                    "test_data": "test_data",
                    "dataset": "params:dataset",
                },
                outputs="figures",
                name="plot_candidates",
            ),
            Node(
                record_candidates,
                inputs={
                    "trained": "trained",
                    "evaluations": "evaluations",
                    "exports": "exports",
                    "figures": "figures",
                    "best": "best",
                },
                outputs="candidate_runs",
                name="record_candidates",
            ),
            Node(
                build_leaderboard,
                inputs={
                    "trained": "trained",
                    "evaluations": "evaluations",
                    "exports": "exports",
                    "best": "best",
                },
                outputs="leaderboard",
                name="build_leaderboard",
            ),
            Node(
                plot_comparison,
                inputs={"trained": "trained", "evaluations": "evaluations"},
                outputs="candidate_comparison",
                name="plot_comparison",
            ),
            Node(
                select_confusion_matrix,
                inputs={"figures": "figures", "best": "best"},
                outputs="confusion_matrix",
                name="select_confusion_matrix",
            ),
            Node(
                select_metrics,
                inputs={"evaluations": "evaluations", "best": "best"},
                outputs="metrics",
                name="select_metrics",
            ),
            Node(
                trace_lineage,
                inputs={
                    "data_digest": "data_digest",
                    "dataset": "params:dataset",
                    "split": "params:data_engineering.split",
                    "candidates": "params:data_science.candidates",
                    "training": "params:data_science.training",
                    "export": "params:data_science.export",
                    "provenance": "provenance",
                },
                outputs="lineage",
                name="trace_lineage",
            ),
            Node(
                describe_challenger,
                inputs={
                    "best": "best",
                    "exports": "exports",
                    "evaluations": "evaluations",
                    "train_data": "train_data",
                    "test_data": "test_data",
                    "lineage": "lineage",
                    "dataset": "params:dataset",
                    "split": "params:data_engineering.split",
                    "export": "params:data_science.export",
                },
                outputs="challenger",
                name="describe_challenger",
            ),
        ],
        tags="data_science",
    )
