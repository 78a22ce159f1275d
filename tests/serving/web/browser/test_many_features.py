"""The page for thirty features: they are found, and the prediction stays in sight."""

import re

import pytest
from playwright.sync_api import expect

from tests.serving.web.browser.screens import DESKTOP, PHONE, SCREENS

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def server(serve, tumors_bytes):
    return serve(tumors_bytes)


@pytest.fixture
def page(server, visit):
    page = visit(server.url, **DESKTOP)
    expect(page.locator("#answer strong")).to_be_visible()
    return page


def test_few_features_have_no_search(serve, visit):
    page = visit(serve().url)
    expect(page.locator("#answer strong")).to_be_visible()

    expect(page.get_by_role("searchbox")).to_be_hidden()


def test_features_are_found_by_words_of_their_names(page):
    search = page.get_by_role("searchbox", name="Find an input")
    fields = page.locator(".field:visible")
    expect(fields).to_have_count(30)

    search.fill("ERROR area")

    expect(fields).to_have_count(1)
    expect(page.locator("#announcement")).to_have_text("1 of 30 inputs found.")
    search.press("Enter")
    expect(page.get_by_role("spinbutton", name="Area error")).to_be_focused()
    search.fill("nothing like that")
    expect(fields).to_have_count(0)
    expect(page.locator("#search-note")).to_have_text("0 of 30 inputs found.")
    search.fill("")
    expect(fields).to_have_count(30)
    expect(page.locator("#search-note")).to_be_hidden()


def test_a_search_changes_no_values(page):
    def has(values):
        return lambda request: (
            request.url.endswith("/predict")
            and values.items() <= request.post_data_json.items()
        )

    with page.expect_request(has({"mean radius": 15})) as before:
        page.get_by_role("spinbutton", name="Mean radius").fill("15")
    page.get_by_role("searchbox").fill("area error")
    with page.expect_request(has({"area error": 50})) as after:
        page.get_by_role("spinbutton", name="Area error").fill("50")

    changed = before.value.post_data_json | {"area error": 50}
    assert after.value.post_data_json == changed
    assert len(changed) == 30


def test_an_invalid_field_stays_visible_during_a_search(page):
    page.get_by_role("spinbutton", name="Mean radius").fill("-1")
    expect(page.locator("#answer .problem")).to_contain_text("mean radius must be")

    search = page.get_by_role("searchbox")
    search.fill("area error")

    radius = page.get_by_role("spinbutton", name="Mean radius")
    expect(radius).to_be_visible()
    radius.fill("15")
    expect(page.locator("#answer strong")).to_be_visible()
    expect(radius).to_be_focused()
    search.fill("area")
    expect(radius).to_be_hidden()


@pytest.mark.parametrize("settings", [DESKTOP, PHONE])
def test_the_prediction_stays_visible(server, visit, settings):
    page = visit(server.url, **settings)
    answer = page.locator("#answer strong")
    expect(answer).to_be_visible()

    for name in ("Mean radius", "Area error", "Worst fractal dimension"):
        number = page.get_by_role("spinbutton", name=name)
        number.focus()
        number.press("ArrowUp")

        expect(number).to_be_in_viewport(ratio=1)
        expect(answer).to_be_in_viewport(ratio=1)
        answer_box = page.locator("#prediction").bounding_box()
        number_box = number.bounding_box()
        is_below = number_box["y"] >= answer_box["y"] + answer_box["height"]
        is_beside = number_box["x"] + number_box["width"] <= answer_box["x"]
        assert is_below or is_beside


@pytest.mark.parametrize("settings", [DESKTOP, PHONE])
def test_no_number_is_clipped(server, visit, settings):
    page = visit(server.url, **settings)
    number = page.get_by_role("spinbutton", name="Worst area")

    for value in ("1254.123456", "0.000123456789", "123456.75"):
        number.fill(value)

        # What does not fit could be scrolled.
        assert number.evaluate("each => each.scrollWidth <= each.clientWidth")
        card = page.locator("#inputs").bounding_box()
        box = number.bounding_box()
        assert box["x"] >= card["x"]
        assert box["x"] + box["width"] <= card["x"] + card["width"]


def test_many_classes_leave_room_for_the_inputs(
    serve, visit, find_barriers, letters_bytes, picture
):
    page = visit(serve(letters_bytes).url, **PHONE)
    answer = page.locator("#answer strong")
    expect(answer).to_be_visible()
    number = page.get_by_role("spinbutton", name="Place")

    number.focus()
    picture(page, "letters-phone")

    expect(answer).to_be_in_viewport(ratio=1)
    expect(number).to_be_in_viewport(ratio=0.9)
    last = page.locator("#bars li").last
    page.get_by_role("list", name="Probabilities").press("End")
    expect(last).to_be_in_viewport()
    assert find_barriers(page) == []


def test_many_warnings_are_summarized(page):
    for name in ("Mean radius", "Mean area", "Area error", "Worst area"):
        page.get_by_role("spinbutton", name=name, exact=True).fill("9999")

    expect(page.locator("#warning")).to_have_text(
        "Less reliable: outside the training range: "
        "mean radius, mean area, area error and 1 more."
    )


def test_the_file_note_names_all_columns(page):
    expect(page.locator("#file-note")).to_contain_text("worst fractal dimension")


@pytest.mark.parametrize(("name", "settings"), SCREENS)
def test_many_features_pass_the_accessibility_checks(
    server, visit, find_barriers, picture, name, settings
):
    page = visit(server.url, reduced_motion="reduce", **settings)
    expect(page.locator("#answer strong")).to_have_text(re.compile("benign|malignant"))
    picture(page, f"tumors-{name}", full_page=True)
    page.get_by_role("spinbutton", name="Area error").focus()
    picture(page, f"tumors-{name}-scrolled")
    assert find_barriers(page) == []

    page.get_by_role("searchbox").fill("area")
    expect(page.locator(".field:visible")).to_have_count(3)
    picture(page, f"tumors-{name}-search")

    assert find_barriers(page) == []
    width = settings["viewport"]["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
