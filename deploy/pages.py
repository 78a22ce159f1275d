"""Collect everything to publish in build/pages: the site, and what it links to.

Run by ``make pages``, after the parts have been built.
"""

import shutil
from html import escape
from pathlib import Path

BUILD = Path(__file__).resolve().parents[1] / "build"
# Folders in build, and their names on the site.
PARTS = {"viz": "viz", "reference": "code", "notebooks": "notebooks"}
NOTEBOOKS = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Executed notebooks</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto;
    padding: 0 1rem; }}
</style>
<h1>Executed notebooks</h1>
<ul>
{items}
</ul>
<p><a href="../index.html">Documentation</a></p>
</html>
"""


def collect(build: Path) -> None:
    """Copy the built parts into one folder.

    Raises:
        FileNotFoundError: If a part has not been built.
    """
    target = build / "pages"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(build / "site", target)
    for name, path in PARTS.items():
        shutil.copytree(build / name, target / path)
    notebooks = target / "notebooks"
    items = "\n".join(_link(file) for file in sorted(notebooks.glob("*.html")))
    page = NOTEBOOKS.format(items=items)
    (notebooks / "index.html").write_text(page, encoding="utf-8")


def _link(notebook: Path) -> str:
    title = notebook.stem.replace("_", " ")
    return f'  <li><a href="{escape(notebook.name)}">{escape(title)}</a></li>'


if __name__ == "__main__":
    collect(BUILD)
