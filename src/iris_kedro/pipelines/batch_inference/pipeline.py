"""The pipeline from rows to scores and a report on them."""

from kedro.pipeline import Node, Pipeline

from .nodes import score_rows
from .page import render_page
from .report import build_report

NAMESPACE = "batch_inference"
PARAMETERS = f"params:{NAMESPACE}"
MODEL, SCORES = f"{NAMESPACE}.model", f"{NAMESPACE}.scores"
REPORT = f"{NAMESPACE}.report"
CLUSTER = "cluster"  # tag of nodes whose work can run on one: iris_kedro.hooks.cluster


def create_pipeline() -> Pipeline:
    """Create the batch inference pipeline, not part of the default pipeline."""
    return Pipeline(
        [
            Node(
                score_rows,
                inputs={
                    "rows": f"{NAMESPACE}.rows",
                    "model": MODEL,
                    "batch_inference": PARAMETERS,
                },
                outputs=SCORES,
                name="score_rows",
                namespace=NAMESPACE,
                tags=CLUSTER,
            ),
            Node(
                build_report,
                inputs={
                    "scored": SCORES,
                    "model": MODEL,
                    "batch_inference": PARAMETERS,
                    "monitoring": "params:monitoring",
                },
                outputs=REPORT,
                name="build_report",
                namespace=NAMESPACE,
            ),
            Node(
                render_page,
                inputs={"report": REPORT},
                outputs=f"{NAMESPACE}.page",
                name="render_page",
                namespace=NAMESPACE,
            ),
        ],
        tags=NAMESPACE,
    )
