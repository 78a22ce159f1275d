"""Routes /openapi.json and /docs: the OpenAPI document and Swagger UI."""

from importlib.resources import files

from flask import Blueprint, Response, send_from_directory

from serving.http.application import ApiResponse
from serving.service import the_service

blueprint = Blueprint("documentation", __name__)

ASSETS = str(files("flask_swagger_ui") / "dist")
PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Prediction service</title>
  <link rel="stylesheet" href="docs/swagger-ui.css">
  <link rel="icon" type="image/png" href="docs/favicon-32x32.png">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="docs/swagger-ui-bundle.js"></script>
  <script src="docs/start.js"></script>
</body>
</html>
"""
SCRIPT = 'SwaggerUIBundle({url: "openapi.json", dom_id: "#swagger-ui"});\n'
# Swagger UI writes style attributes and draws its icons from data URLs.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)


@blueprint.get("/openapi.json")
def openapi() -> ApiResponse:
    """Show the description for the model in use."""
    served = the_service().current.get()
    return ApiResponse(served.openapi, content_type="application/json")


@blueprint.get("/docs")
def page() -> ApiResponse:
    """Show Swagger UI."""
    headers = {"Content-Security-Policy": POLICY}
    return ApiResponse(PAGE, content_type="text/html; charset=utf-8", headers=headers)


@blueprint.get("/docs/start.js")
def script() -> ApiResponse:
    """Start Swagger UI from a separate file: the policy forbids inline scripts."""
    return ApiResponse(SCRIPT, content_type="text/javascript; charset=utf-8")


@blueprint.get("/docs/<path:name>")
def asset(name: str) -> Response:
    """Serve a file of Swagger UI from the installed package."""
    return send_from_directory(ASSETS, name)
