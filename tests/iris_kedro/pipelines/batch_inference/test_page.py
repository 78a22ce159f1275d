import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from iris_kedro.monitoring.report.rendering import SHOWN
from iris_kedro.pipelines.batch_inference.page import render_page


def make_odd(table):
    """Shift a feature; make some rows invalid and others unusual."""
    table["petal_length"] += 1.5
    table.loc[[3, 5], "petal_width"] = 99.0
    table.loc[5, "sepal_width"] = -1.0
    table.loc[10:20, "sepal_length"] = 15.0
    return table


def test_page_begins_with_what_was_scored(report):
    page = render_page(report(rows=100))

    assert "<strong>100 rows scored</strong>" in page
    assert "No row was rejected." in page
    assert "No feature, prediction or confidence has drifted" in page
    assert "Rejected rows</h2>" not in page


def test_page_has_rejects_drift_and_unusual_values(report):
    page = render_page(report(make_odd))

    assert "2 rows (0.10%) were rejected" in page
    assert "petal width: too large" in page
    summary = " ".join(page.split())
    assert "1 of 6 distributions has drifted since the training: petal length." in (
        summary
    )
    assert "Values outside the training range" in page
    assert "_rejects" in page


def test_page_is_self_contained(report):
    page = render_page(report(make_odd))

    assert not re.search(r"https?://|<script|<link|url\(", page)


def test_names_are_escaped(report):
    found = report(rows=100)
    found["features"]["<b>"] = found["features"]["sepal_width"] | {
        "bins": [{"name": "<i>", "reference": 0.5, "recent": 0.5}]
    }
    found |= {"predictions": {"<u>": 1}, "source": "<s>", "target": "<em>"}
    found |= {"rejects": {"<p>: null": 1}, "out_of_range": {"<q>": 1}}

    page = render_page(found)

    for name in ("<b>", "<i>", "<u>", "<s>", "<em>", "<p>:", "<q>"):
        assert name not in page


def test_many_features_are_a_table(report):
    found = report(rows=100)
    size = found["features"]["sepal_width"]
    found["features"] = {f"size_{number}": size for number in range(SHOWN + 5)}

    page = render_page(found)

    assert page.count('<article class="card') == SHOWN + 2
    assert page.count("<td>size ") == 5


def test_page_without_a_scored_row_is_complete(report):
    page = render_page(report(lambda table: table.assign(petal_width=99.0), rows=9))

    assert page.rstrip().endswith("</html>")
    assert "<strong>0 rows scored</strong>" in page
    assert "9 rows (100.00%) were rejected" in page
    assert "nan" not in page


def test_page_of_an_older_model_is_complete(report, old_model):
    page = render_page(report(rows=9, model=old_model))

    assert page.rstrip().endswith("</html>")
    assert "trained by an older release" in page


def test_effect_without_evidence_is_not_called_quiet(report):
    found = report(rows=100)
    before = render_page(found).count("too little evidence")
    found["features"]["sepal_width"] |= {"effect": 0.3, "log_e": 1.0}

    assert render_page(found).count("too little evidence") == before + 1


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_page_fits_screens_and_can_be_read(
    report, visit, picture, tmp_path, scheme, width
):
    file = tmp_path / "batch_inference.html"
    found = report(make_odd)
    found["source"] = "s3://bucket/" + "a_long_folder_without_any_space/" * 4
    file.write_text(render_page(found))

    page = visit(
        file.as_uri(), viewport={"width": width, "height": 800}, color_scheme=scheme
    )

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    violations = Axe().run(page).response["violations"]
    assert [
        each["id"] for each in violations if each["impact"] in {"serious", "critical"}
    ] == []
    picture(page, f"batch-inference-{scheme}-{width}", full_page=True)
