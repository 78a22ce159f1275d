"""From training and held-out data to the challenger."""

from kedro.pipeline import Node, Pipeline

from .export import describe_challenger, export_onnx
from .figures import (
    plot_calibration,
    plot_comparison,
    plot_confusion_matrix,
)
from .nodes import (
    build_leaderboard,
    evaluate_best,
    record_candidates,
    select_best,
    select_metrics,
    trace_lineage,
    train_candidates,
    validate_baseline,
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
                validate_baseline,
                inputs={
                    "train_data": "train_data",
                    "dataset": "params:dataset",
                    "training": "params:data_science.training",
                },
                outputs="baseline",
                name="validate_baseline",
            ),
            Node(
                export_onnx,
                inputs={
                    "trained": "trained",
                    "train_data": "train_data",
                    "dataset": "params:dataset",
                    "export": "params:data_science.export",
                },
                outputs="exports",
                name="export_onnx",
            ),
            Node(
                select_best,
                inputs={
                    "trained": "trained",
                    "exports": "exports",
                    "training": "params:data_science.training",
                },
                outputs="best",
                name="select_best",
            ),
            Node(
                evaluate_best,
                inputs={
                    "best": "best",
                    "trained": "trained",
                    "test_data": "test_data",
                    "dataset": "params:dataset",
                },
                outputs="evaluation",
                name="evaluate_best",
            ),
            Node(
                record_candidates,
                inputs={
                    "trained": "trained",
                    "exports": "exports",
                    "best": "best",
                },
                outputs="candidate_runs",
                name="record_candidates",
            ),
            Node(
                build_leaderboard,
                inputs={
                    "trained": "trained",
                    "baseline": "baseline",
                    "exports": "exports",
                    "best": "best",
                    "training": "params:data_science.training",
                },
                outputs="leaderboard",
                name="build_leaderboard",
            ),
            Node(
                plot_comparison,
                inputs={
                    "trained": "trained",
                    "training": "params:data_science.training",
                },
                outputs="candidate_comparison",
                name="plot_comparison",
            ),
            Node(
                plot_confusion_matrix,
                inputs={
                    "best": "best",
                    "evaluation": "evaluation",
                    "test_data": "test_data",
                    "dataset": "params:dataset",
                },
                outputs="confusion_matrix",
                name="plot_confusion_matrix",
            ),
            Node(
                plot_calibration,
                inputs={
                    "best": "best",
                    "evaluation": "evaluation",
                    "test_data": "test_data",
                    "dataset": "params:dataset",
                },
                outputs="calibration",
                name="plot_calibration",
            ),
            Node(
                select_metrics,
                inputs={"evaluation": "evaluation"},
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
                    "evaluation": "evaluation",
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
