"""Renders reports as self-contained HTML pages."""

from typing import Any

from iris_kedro.rendering import create_environment

SHOWN = 40  # features with charts; the others are in a table
Features = list[tuple[str, dict[str, Any]]]


def render(template: str, **values: Any) -> str:
    """Render a template of the package."""
    return create_environment().get_template(template).render(**values)


def sort_features(features: dict[str, dict[str, Any]]) -> Features:
    """Sort the features of a report by relevance: drift, then evidence."""
    return sorted(
        features.items(), key=lambda each: (not each[1]["drifts"], -each[1]["log_e"])
    )
