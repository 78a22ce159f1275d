"""The pipeline from the predictions of a service to a report on its model."""

from kedro.pipeline import Node, Pipeline

from .nodes import count_windows, measure_drifts, measure_labels
from .page import render_page
from .report import build_report
from .summary import summarize_report

NAMESPACE = "monitoring"
PARAMETERS = f"params:{NAMESPACE}"
WINDOWS, DRIFT = f"{NAMESPACE}.windows", f"{NAMESPACE}.drift"
ACCURACY, REPORT = f"{NAMESPACE}.accuracy", f"{NAMESPACE}.report"


def create_pipeline() -> Pipeline:
    """Create the monitoring pipeline, which is not part of the default pipeline."""
    return Pipeline(
        [
            Node(
                count_windows,
                inputs={
                    "predictions": f"{NAMESPACE}.predictions",
                    "monitoring": PARAMETERS,
                },
                outputs=WINDOWS,
                name="count_windows",
                namespace=NAMESPACE,
            ),
            Node(
                measure_drifts,
                inputs={"observed": WINDOWS, "monitoring": PARAMETERS},
                outputs=DRIFT,
                name="measure_drifts",
                namespace=NAMESPACE,
            ),
            Node(
                measure_labels,
                inputs={"observed": WINDOWS, "monitoring": PARAMETERS},
                outputs=ACCURACY,
                name="measure_labels",
                namespace=NAMESPACE,
            ),
            Node(
                build_report,
                inputs={
                    "observed": WINDOWS,
                    "drifts": DRIFT,
                    "accuracy": ACCURACY,
                    "monitoring": PARAMETERS,
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
            Node(
                summarize_report,
                inputs={"report": REPORT},
                outputs=f"{NAMESPACE}.summary",
                name="summarize_report",
                namespace=NAMESPACE,
            ),
        ],
        tags=NAMESPACE,
    )
