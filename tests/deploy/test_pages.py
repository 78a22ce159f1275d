"""The published pages: one folder, whose first page leads to all others."""

import re

import pytest

from deploy.pages import collect


@pytest.fixture
def build(tmp_path):
    """Stand in for what the tools build."""
    for name in ("viz/index", "reference/index", "notebooks/01_data", "notebooks/02_x"):
        file = tmp_path / f"{name}.html"
        file.parent.mkdir(exist_ok=True)
        file.write_text("<html></html>")
    return tmp_path


def test_the_first_page_leads_to_all_others(build):
    collect(build)

    page = (build / "pages" / "index.html").read_text()
    links = re.findall(r'href="([^"]+)"', page)
    assert len(links) == 4
    assert all((build / "pages" / link).is_file() for link in links)


def test_old_pages_are_gone(build):
    collect(build)
    (build / "notebooks" / "01_data.html").unlink()

    collect(build)

    assert not (build / "pages" / "notebooks" / "01_data.html").exists()


def test_what_was_not_built_is_missed(build):
    (build / "viz" / "index.html").unlink()
    (build / "viz").rmdir()

    with pytest.raises(FileNotFoundError, match="viz"):
        collect(build)
