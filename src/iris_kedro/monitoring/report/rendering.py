"""Renders reports as HTML pages that need no other file."""

from typing import Any

from iris_kedro.rendering import create_environment

SHOWN = 40  # features with charts; further ones are in a table
Features = list[tuple[str, dict[str, Any]]]


def render(template: str, **values: Any) -> str:
    """Render a template of the package."""
    return create_environment().get_template(template).render(**values)


def sort_features(features: dict[str, dict[str, Any]]) -> Features:
    """Order the features of a report by what matters: drift, then evidence."""
    return sorted(
        features.items(), key=lambda each: (not each[1]["drifts"], -each[1]["log_e"])
    )
