"""Why the model gives an answer: explained by a real service."""

import re

import pytest
from playwright.sync_api import expect

from tests.serving.web.browser.actions import SETOSA, VIRGINICA, fill

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MINUS = "\N{MINUS SIGN}"


def rows(page):
    return page.locator(".effects tbody tr")


def lead(page):
    return page.locator("#explanation-lead")


def read_points(page):
    """Return the shown effects in percentage points."""
    texts = page.locator(".effects .share").all_text_contents()
    return [float(text.split()[0].replace(MINUS, "-")) for text in texts]


def test_effects_lead_from_the_average_to_the_probability(page):
    fill(page, (6.1, 2.9, 4.7, 1.6))
    # The last field that was filled in.
    expect(rows(page).filter(has_text="Petal width")).to_contain_text("1.6 cm")
    expect(lead(page)).to_contain_text("probability of versicolor")
    expect(rows(page)).to_have_count(4)

    average, probability = map(
        float, re.findall(r"([\d.]+) %", lead(page).text_content())
    )

    points = read_points(page)
    assert sum(points) == pytest.approx(probability - average, abs=0.4)
    assert sorted(points, key=abs, reverse=True) == points
    expect(page.locator("#explanation")).to_contain_text("exact Shapley values")


def test_explanation_follows_the_values(page):
    fill(page, VIRGINICA)
    expect(lead(page)).to_contain_text("probability of virginica")

    fill(page, SETOSA)

    expect(lead(page)).to_contain_text("probability of setosa")
    expect(page.locator("#explanation-body")).to_have_attribute("aria-busy", "false")


def test_explanation_is_hidden_without_a_prediction(page):
    expect(rows(page)).to_have_count(4)

    page.get_by_label("Petal length").first.fill("99")

    expect(page.locator("#answer .problem")).to_be_visible()
    expect(page.locator("#explanation")).to_be_hidden()


def test_many_effects_are_added_up(serve, visit, tumors_bytes):
    page = visit(serve(tumors_bytes).url)

    expect(rows(page)).to_have_count(9)
    expect(rows(page).last).to_contain_text("22 others")
    expect(page.locator("#explanation")).to_contain_text("standard error")
    expect(rows(page).first).to_contain_text("±")


def test_missing_categories_are_shown_as_unknown(serve, visit, birds_bytes):
    page = visit(serve(birds_bytes).url)

    page.get_by_role("radiogroup", name="Plumage").get_by_label("Unknown").check()

    expect(rows(page).first).to_contain_text("Plumage Unknown")


def test_model_without_background_rows_says_so(serve, visit, build_iris):
    page = visit(serve(build_iris(background_rows=[])).url)

    expect(lead(page)).to_contain_text("has no background rows")
    expect(rows(page)).to_have_count(0)


def test_request_to_a_busy_service_is_retried(page):
    expect(rows(page)).to_have_count(4)
    busy = {"status": 429, "json": {"detail": "Too many explanations."}}
    page.route("**/explain*", lambda route: route.fulfill(**busy), times=1)

    page.get_by_role("button", name="virginica").click()

    expect(lead(page)).to_contain_text("The service is busy")
    expect(lead(page)).to_contain_text("probability of virginica")
    expect(rows(page)).to_have_count(4)


def test_row_that_was_refused_is_not_explained_later(page):
    expect(rows(page)).to_have_count(4)
    asked = []

    def refuse_first(route):
        asked.append(route.request.post_data_json)
        if len(asked) == 1:
            fill(page, SETOSA)  # waits when the refusal arrives
            route.fulfill(status=429, json={"detail": "Too many explanations."})
        else:
            route.continue_()

    page.route("**/explain*", refuse_first)
    fill(page, VIRGINICA)

    expect(lead(page)).to_contain_text("probability of setosa")
    page.wait_for_timeout(2500)  # longer than the pause before a retry
    assert asked[-1]["petal_length"] == SETOSA[2]
    expect(lead(page)).to_contain_text("probability of setosa")


def test_explanation_that_takes_too_long_is_not_asked_again(page):
    expect(rows(page)).to_have_count(4)
    problem = {"type": "urn:problem:explanation-timeout", "detail": "It took too long."}
    asked = []

    def time_out(route):
        asked.append(route.request.url)
        route.fulfill(status=503, json=problem)

    page.route("**/explain*", time_out)
    page.get_by_role("button", name="virginica").click()

    expect(lead(page)).to_have_text("It took too long.")
    page.wait_for_timeout(2500)  # longer than the pause before a retry
    assert len(asked) == 1


def test_explanation_is_hidden_if_its_version_is_no_longer_loaded(page):
    expect(rows(page)).to_have_count(4)
    gone = {"status": 404, "json": {"detail": "Version 2 is not loaded."}}
    page.route("**/explain*", lambda route: route.fulfill(**gone))

    page.get_by_role("button", name="virginica").click()

    expect(page.locator("#answer strong")).to_have_text("virginica")
    expect(page.locator("#explanation")).to_be_hidden()
