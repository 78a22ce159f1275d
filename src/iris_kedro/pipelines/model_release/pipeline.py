"""The pipeline from the challenger to the registry, through the gate."""

from kedro.pipeline import Node, Pipeline

from .nodes import compare, decide, release
from .report import build_report


def create_pipeline() -> Pipeline:
    """Create the model release pipeline."""
    return Pipeline(
        [
            Node(
                compare,
                inputs={
                    "challenger": "challenger@onnx",
                    "latency_ms": "challenger@latency",
                    "registry": "registry",
                    "test_data": "test_data",
                    "dataset": "params:dataset",
                    "gate": "params:model_release.gate",
                },
                outputs="comparison",
                name="compare",
                namespace="gate",
            ),
            Node(
                decide,
                inputs={
                    "comparison": "comparison",
                    "gate": "params:model_release.gate",
                },
                outputs="decision",
                name="decide",
                namespace="gate",
            ),
            Node(
                build_report,
                inputs={
                    "comparison": "comparison",
                    "decision": "decision",
                    "challenger": "challenger@onnx",
                    "lineage": "lineage",
                    "gate": "params:model_release.gate",
                },
                outputs="gate_report",
                name="build_report",
                namespace="gate",
            ),
            Node(
                release,
                inputs={
                    "challenger": "challenger@onnx",
                    "comparison": "comparison",
                    "decision": "decision",
                    "lineage": "lineage",
                    "gate": "params:model_release.gate",
                    "strategy": "params:model_release.strategy",
                    "canary": "params:model_release.canary",
                },
                outputs="released_model",
                name="release",
            ),
        ],
        tags="model_release",
    )
