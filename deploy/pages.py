"""Collect everything to publish in build/pages, with an index page.

Run by ``make pages``, after the parts have been built.
"""

import shutil
from html import escape
from pathlib import Path

BUILD = Path(__file__).resolve().parents[1] / "build"
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>iris-kedro</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto;
    padding: 0 1rem; }}
</style>
<h1>iris-kedro</h1>
<p>Kedro trains and releases, MLflow remembers, Flask serves.</p>
<ul>
  <li><a href="viz/index.html">The pipelines as a graph</a></li>
  <li><a href="reference/index.html">API reference of the code</a></li>
</ul>
<h2>Executed notebooks</h2>
<ul>
{notebooks}
</ul>
</html>
"""


def collect(build: Path) -> None:
    """Copy the built parts into one folder and write the index page.

    Raises:
        FileNotFoundError: If a part has not been built.
    """
    target = build / "pages"
    shutil.rmtree(target, ignore_errors=True)
    for name in ("viz", "reference", "notebooks"):
        shutil.copytree(build / name, target / name)
    notebooks = sorted((target / "notebooks").glob("*.html"))
    items = "\n".join(_link(file) for file in notebooks)
    (target / "index.html").write_text(PAGE.format(notebooks=items), encoding="utf-8")


def _link(notebook: Path) -> str:
    title = notebook.stem.replace("_", " ")
    return f'  <li><a href="notebooks/{escape(notebook.name)}">{escape(title)}</a></li>'


if __name__ == "__main__":
    collect(BUILD)
