"""MkDocs hooks, which add to the site what the Markdown files in docs do not contain.

``<!-- generated: NAME -->`` in a page is replaced by generated text. Links to files
outside docs lead to the published repository.
"""

import os
import re
from importlib.resources import files as package_files
from pathlib import Path

import alerts
import commands
import parameters
import service
import settings
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GENERATED = {
    "alerts": alerts.render,
    "commands": commands.render,
    "metrics": service.render_metrics,
    "parameters": parameters.render,
    "routes": service.render_routes,
    "settings": settings.render,
}
# From installed packages, because the site loads nothing from other hosts.
ASSETS = {
    "assets/mermaid.js": ("mermaidx", "assets/mermaid.js"),
    "reference/swagger-ui.css": ("flask_swagger_ui", "dist/swagger-ui.css"),
    "reference/swagger-ui.js": ("flask_swagger_ui", "dist/swagger-ui-bundle.js"),
}
MARK = re.compile(r"<!-- generated: (\w+) -->")
LINK = re.compile(r"\[([^\]]*)\]\((\.\./[^)\s#]+)(#[^)]*)?\)")
DIAGRAM = '<pre class="mermaid">'


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Link to the repository that GitHub's workflow builds the site from."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    if repository:
        config.repo_url = f"{os.environ['GITHUB_SERVER_URL']}/{repository}"
        config.repo_name = repository
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add files from packages, and the OpenAPI document."""
    for path, (package, name) in ASSETS.items():
        content = (package_files(package) / name).read_bytes()
        files.append(File.generated(config, path, content=content))
    openapi = service.render_openapi()
    files.append(File.generated(config, "reference/openapi.js", content=openapi))
    return files


def on_page_markdown(
    markdown: str, *, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Write the generated parts, and redirect links to files outside docs."""
    markdown = MARK.sub(lambda match: GENERATED[match[1]](), markdown)
    folder = (DOCS / page.file.src_uri).parent

    def redirect(match: re.Match[str]) -> str:
        text, path, anchor = match[1], (folder / match[2]).resolve(), match[3] or ""
        if path.is_relative_to(DOCS) or not path.exists():
            return match[0]  # a page, or a broken link, which MkDocs reports
        name = path.relative_to(ROOT)
        if not config.repo_url:
            return f"{text} (`{name}`)" if text.strip("`") != str(name) else f"`{name}`"
        return f"[{text}]({config.repo_url}/blob/main/{name}{anchor})"

    return LINK.sub(redirect, markdown)


def on_page_content(
    html: str, *, page: Page, config: MkDocsConfig, files: Files
) -> str:
    """Load mermaid.js before Material asks a CDN for it."""
    if DIAGRAM not in html:
        return html
    root = "../" * page.url.count("/")
    return f'{html}\n<script src="{root}assets/mermaid.js"></script>'
