"""Node that renders the report as one HTML page."""

from typing import Any

from iris_kedro.monitoring.report.charts import draw_bins
from iris_kedro.monitoring.report.rendering import SHOWN, render, sort_features


def render_page(report: dict[str, Any]) -> str:
    """Render the report as a self-contained page."""
    features = sort_features(report["features"])
    variables = [*features, *report["answers"].items()]
    return render(
        "batch_inference.html.jinja",
        report=report,
        charted=features[:SHOWN],
        others=features[SHOWN:],
        drifting=[name for name, each in variables if each["drifts"]],
        draw_bins=draw_bins,
    )
