import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from iris_kedro.pipelines.monitoring.page import SHOWN, render_page


def test_page_begins_with_the_verdict_and_its_reasons(observe):
    report = observe(hours=12)

    page = render_page(report)

    assert "<strong>quiet</strong>" in page
    assert all(each in page for each in report["reasons"])


def test_page_is_self_contained(observe):
    page = render_page(observe(hours=12))

    assert not re.search(r"https?://|<script|<link|url\(", page)


def test_names_are_escaped(observe):
    report = observe(hours=12)
    report["features"]["<b>"] = report["features"]["color"] | {
        "bins": [{"name": "<i>", "reference": 0.5, "recent": 0.5}]
    }

    page = render_page(report)

    assert "<b>" not in page
    assert "<i>" not in page


def test_many_features_are_a_table(observe):
    report = observe(hours=12)
    size = report["features"]["size"]
    report["features"] = {f"size_{number}": size for number in range(SHOWN + 5)}

    page = render_page(report)

    assert page.count('<article class="card') == SHOWN + 2
    assert page.count("<td>size ") == 5


@pytest.mark.parametrize("hours", [0, 1])
def test_page_of_little_data_is_complete(observe, hours):
    page = render_page(observe(hours=hours, labelled=0))

    assert page.rstrip().endswith("</html>")
    assert "nan" not in page


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_page_fits_screens_and_can_be_read(
    observe, visit, picture, tmp_path, scheme, width
):
    file = tmp_path / "monitoring.html"
    file.write_text(render_page(observe(hours=24)))

    page = visit(
        file.as_uri(), viewport={"width": width, "height": 800}, color_scheme=scheme
    )

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page).response["violations"]
    assert [
        each["id"] for each in found if each["impact"] in {"serious", "critical"}
    ] == []
    picture(page, f"monitoring-{scheme}-{width}", full_page=True)
