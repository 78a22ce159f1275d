"""Node that renders the report as one HTML page."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from iris_kedro.monitoring.report.charts import (
    draw_accuracy,
    draw_bins,
    draw_evidence,
    show_time,
)
from iris_kedro.style import words

RETRAIN = "kedro run --params data_engineering.labelled_rows.enabled=true"
SHOWN = 40  # features with charts; further ones are in a table
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
    environment = Environment(
        loader=PackageLoader("iris_kedro"),
        autoescape=select_autoescape(["html.jinja"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["words"] = words
    environment.filters["time"] = _show_time
    variables = [(name, each) for name, each in _sort(report["features"])]
    answers = [
        ("predicted classes", report["predictions"]),
        ("confidence", report["confidence"]),
    ]
    return environment.get_template("monitoring.html.jinja").render(
        report=report,
        advice=ADVICE[report["verdict"]],
        charted=variables[:SHOWN],
        others=variables[SHOWN:],
        answers=answers,
        draw_accuracy=draw_accuracy,
        draw_bins=draw_bins,
        draw_evidence=draw_evidence,
    )


def _sort(features: dict[str, dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Order features by what matters: drift, then evidence."""
    return sorted(
        features.items(), key=lambda each: (not each[1]["drifts"], -each[1]["log_e"])
    )


def _show_time(iso: str | None) -> str:
    return "never" if iso is None else f"{show_time(iso)} UTC"
