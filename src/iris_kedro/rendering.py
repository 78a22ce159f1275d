"""Renders the templates of reports and model cards."""

from collections.abc import Callable
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from iris_kedro.style import words


def create_environment(**filters: Callable[..., Any]) -> Environment:
    """Return an environment with the templates of the package."""
    environment = Environment(
        loader=PackageLoader("iris_kedro"),
        autoescape=select_autoescape(["html.jinja"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(words=words, **filters)
    return environment
