"""Route /: a page to try the model as a person would."""

from functools import cache
from pathlib import Path

from flask import Blueprint, render_template

from serving.http.application import ApiResponse
from serving.service import the_service

blueprint = Blueprint(
    "page", __name__, static_folder="static", template_folder="templates"
)

# Styles that scripts set one by one need no exception; style attributes would.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@blueprint.get("/")
def page() -> ApiResponse:
    """Show the page; what is on it comes from /model and changes with it."""
    service = the_service()
    served = service.current.served
    name = served.model.contract.name if served else service.config.model_name
    html = render_template(
        "page.html",
        config=service.config,
        name=name or "model",
        pictures=_find_pictures(),
    )
    headers = {"Content-Security-Policy": POLICY}
    return ApiResponse(html, content_type="text/html; charset=utf-8", headers=headers)


@cache
def _find_pictures() -> list[str]:
    """Return the names of the models that the page has a picture for."""
    folder = Path(__file__).parent / "static" / "pictures"
    return sorted(path.stem for path in folder.glob("*.js"))
