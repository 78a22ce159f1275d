"""The published pages: one folder, whose pages lead to all parts."""

import re

import pytest

from deploy.pages import PARTS, collect
from tests.documentation.clone import ROOT

DOCS = ROOT / "docs"


@pytest.fixture
def build(tmp_path):
    """Create fakes of the built parts."""
    notebooks = [f"notebooks/{name}" for name in ("01_data", "02_x")]
    for name in ("site/index", "viz/index", "reference/index", *notebooks):
        file = tmp_path / f"{name}.html"
        file.parent.mkdir(exist_ok=True)
        file.write_text("<html></html>")
    return tmp_path


def test_the_site_is_at_the_root_and_links_to_all_parts(build):
    collect(build)

    links = re.findall(r'<a href="([^"]+)">', (DOCS / "index.md").read_text())
    assert {link.partition("/")[0] for link in links} == set(PARTS.values())
    assert (build / "pages/index.html").is_file()
    assert all((build / "pages" / link).is_file() for link in links)


def test_notebooks_are_listed(build):
    collect(build)

    page = (build / "pages/notebooks/index.html").read_text()
    links = re.findall(r'<li><a href="([^"]+)"', page)
    assert links == ["01_data.html", "02_x.html"]


def test_old_pages_are_removed(build):
    collect(build)
    (build / "notebooks" / "01_data.html").unlink()

    collect(build)

    assert not (build / "pages" / "notebooks" / "01_data.html").exists()


def test_a_missing_part_is_an_error(build):
    (build / "viz" / "index.html").unlink()
    (build / "viz").rmdir()

    with pytest.raises(FileNotFoundError, match="viz"):
        collect(build)
