"""Predictions for CSV files, in front of a real gunicorn."""

import pytest
from playwright.sync_api import expect

from tests.serving.web.browser.actions import HEADER, drop, table, upload

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_dropped_file_is_predicted_and_downloaded(page):
    text = f"Sepal Length (cm),plant,{HEADER[13:]}\n5.1,a,3.5,1.4,0.2\n"
    drop(page, text + '6.7,"b, c",3.0,5.7,2.4\n')

    expect(page.locator("#batch-summary")).to_contain_text("2 rows")
    expect(page.locator("#batch-summary")).to_contain_text("version 3")
    expect(page.locator("#announcement")).to_contain_text("flowers.csv: 2 rows")
    expect(page.locator("#batch")).to_contain_text("Ignored columns: plant")
    rows = page.locator("#batch tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("virginica")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "flowers-predictions.csv"
    lines = download.value.path().read_text().splitlines()
    assert lines[0].endswith(
        "petal_width,prediction,"
        "probability_setosa,probability_versicolor,probability_virginica"
    )
    assert lines[2].startswith('6.7,"b, c",3.0,5.7,2.4,virginica,')
    assert len(lines) == 3


def test_a_file_may_come_before_the_model_is_known(page):
    held = []

    def hold(route):
        held.append(route)

    page.route("**/model", hold)
    with page.expect_request("**/model"):
        page.reload()
    drop(page, f"{HEADER}\n5.1,3.5,1.4,0.2\n")
    expect(page.locator("#batch")).to_contain_text("Predicting flowers.csv")

    held[0].continue_()

    expect(page.locator("#batch-summary")).to_contain_text("1 row")


def test_a_large_file_is_shown_in_part_and_downloaded_whole(page):
    rows = 20_000
    upload(page, table(rows))

    expect(page.locator("#batch-summary")).to_contain_text("20,000 rows")
    expect(page.locator("#batch tbody tr")).to_have_count(100)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert len(download.value.path().read_text().splitlines()) == rows + 1


def test_a_bad_file_is_explained_with_row_and_field(page):
    batch = page.locator("#batch")
    for content, texts in [
        (f"{HEADER}\n5.1,3.5,1.4,0.2\n5.1,99,1.4,abc\n", ["Row 2, petal_width:"]),
        (f"{HEADER}\n5.1,3.5\n", ["Row 1: must have 4 cells, not 2"]),
        ("sepal_length\n5.1\n", ["Header: sepal_width is missing"]),
        (HEADER, ["at least one row"]),
        ("a,b\n1,2\n", ["contains none of sepal_length, sepal_width"]),
        ("", ["at least one row"]),
        (f"{HEADER}\n" + "x,x,x,x\n" * 20, ["and 60 more"]),
        (f"{HEADER}\n" + "x,x,x,x\n" * 200, ["More than 100 errors", "and more"]),
    ]:
        upload(page, content.encode())

        for text in texts:
            expect(batch).to_contain_text(text)
        expect(batch.locator("table")).to_have_count(0)


def test_binary_and_oversized_files_are_explained(serve, visit):
    page = visit(serve(max_body_bytes=2048, max_rows=2).url)

    upload(page, b"\xff\xfe\x00\x01")
    expect(page.locator("#batch")).to_contain_text("not valid UTF-8")
    upload(page, b"x" * 4096)
    expect(page.locator("#batch")).to_contain_text("It is 4 KiB")
    expect(page.locator("#batch")).to_contain_text("limit is 2 KiB")
    upload(page, table(3))
    expect(page.locator("#batch")).to_contain_text("3 rows; the limit is 2")
