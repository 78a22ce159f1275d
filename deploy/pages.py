"""Put everything to publish into build/pages, with a page that leads to it.

Run by ``make pages``, after what it collects has been built.
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
  <li><a href="reference/index.html">The reference of the code</a></li>
</ul>
<h2>Notebooks, with their results</h2>
<ul>
{notebooks}
</ul>
</html>
"""


def collect(build: Path) -> None:
    """Copy what was built into one folder and write its first page.

    Raises:
        FileNotFoundError: If something was not built.
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
