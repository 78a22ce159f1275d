"""Renders reports as HTML pages that need no other file."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from iris_kedro.style import words

SHOWN = 40  # features with charts; further ones are in a table
Features = list[tuple[str, dict[str, Any]]]


def render(template: str, **values: Any) -> str:
    """Render a template of the package."""
    environment = Environment(
        loader=PackageLoader("iris_kedro"),
        autoescape=select_autoescape(["html.jinja"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["words"] = words
    return environment.get_template(template).render(**values)


def sort_features(features: dict[str, dict[str, Any]]) -> Features:
    """Order the features of a report by what matters: drift, then evidence."""
    return sorted(
        features.items(), key=lambda each: (not each[1]["drifts"], -each[1]["log_e"])
    )
