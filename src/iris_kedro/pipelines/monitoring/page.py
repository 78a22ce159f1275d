"""Node that renders the report as one HTML page."""

from typing import Any

from iris_kedro.monitoring.report.charts import (
    draw_accuracy,
    draw_bins,
    draw_evidence,
    show_time,
)
from iris_kedro.monitoring.report.rendering import SHOWN, render, sort_features

RETRAIN = "kedro run --params data_engineering.labelled_rows.enabled=true"
ADVICE = {
    "quiet": "Nothing to do.",
    "data drift": (
        "The effect on accuracy is unknown: send labels of recent predictions to"
        " /feedback, and find out why the values have changed."
    ),
    "worse": f"Retrain with labels of recent predictions: {RETRAIN}.",
    "concept drift": (
        "The relation between features and classes has changed. Retrain with labels of"
        f" recent predictions: {RETRAIN}."
    ),
    "too few rows": "Wait for more predictions.",
}


def render_page(report: dict[str, Any]) -> str:
    """Render the report as a self-contained page."""
    features = sort_features(report["features"])
    answers = [
        ("predicted classes", report["predictions"]),
        ("confidence", report["confidence"]),
    ]
    return render(
        "monitoring.html.jinja",
        report=report,
        advice=ADVICE[report["verdict"]],
        charted=features[:SHOWN],
        others=features[SHOWN:],
        answers=answers,
        draw_accuracy=draw_accuracy,
        draw_bins=draw_bins,
        draw_evidence=draw_evidence,
        show_time=_show_time,
    )


def _show_time(iso: str | None) -> str:
    return "never" if iso is None else f"{show_time(iso)} UTC"
