"""Inputs and the prediction that follows them, in front of a real gunicorn."""

import re

import pytest
from playwright.sync_api import expect

from tests.serving.web.browser.actions import FEATURES, SETOSA, VIRGINICA, field, fill

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_typing_predicts(page):
    expect(page.get_by_role("heading", level=1)).to_have_text("Species of the flower")

    for row, species in [(VIRGINICA, "virginica"), (SETOSA, "setosa")]:
        fill(page, row)

        expect(page.locator("#answer strong")).to_have_text(species)
        chosen = page.locator("#bars .chosen")
        expect(chosen.locator(".label")).to_have_text(species)
        expect(chosen.locator(".share")).to_have_text(re.compile(r"\d+\.\d+ %$"))
        expect(page.locator("#announcement")).to_contain_text(species)


def test_sliding_predicts_and_warns_while_it_moves(page):
    fill(page, VIRGINICA)
    expect(page.locator("#answer strong")).to_have_text("virginica")
    slider = page.get_by_role("slider", name="Petal length")
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2

    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, middle, steps=10)

    # The button is still down.
    expect(field(page, "Petal length").locator(".note")).to_contain_text("Outside")
    expect(page.locator("#warning")).to_contain_text("petal length")
    number = page.get_by_label("Petal length").first
    assert number.input_value() == slider.input_value()
    page.mouse.up()
    slider.press("Home")
    fill(page, SETOSA)
    expect(page.locator("#answer strong")).to_have_text("setosa")
    expect(page.locator("#warning")).to_be_hidden()


def test_arrow_keys_move_a_slider_in_steps_of_the_data(page):
    fill(page, SETOSA)
    slider = page.get_by_role("slider", name="Petal width")

    slider.press("ArrowRight")

    expect(page.get_by_label("Petal width").first).to_have_value("0.3")
    assert slider.get_attribute("aria-valuetext") == "0.3 cm"


def test_values_outside_each_bound_are_rejected(page):
    """The contract of the model in these tests accepts 0.1 to 30."""
    number = page.get_by_label("Petal length").first
    note = field(page, "Petal length").locator(".note")
    cases = {
        "0.1": "Outside",
        "0.09": "must be at least 0.1 cm",
        "30": "Outside",
        "30.1": "must be at most 30 cm",
        "": "must be a number",
        "-1e300": "must be at least 0.1 cm",
    }

    for value, text in cases.items():
        number.fill(value)

        expect(note).to_contain_text(text)
        expect(number).to_have_attribute("aria-invalid", str("must" in text).lower())
        problem = page.locator("#answer .problem")
        expect(problem).to_have_count(1 if "must" in text else 0)


def test_one_click_fills_in_a_typical_row(page):
    for species in ("versicolor", "virginica", "setosa"):
        page.get_by_role("button", name=species).click()

        expect(page.locator("#answer strong")).to_have_text(species)


def test_typical_rows_of_the_contract_are_preferred(serve, visit, build_iris):
    typical = {"setosa": [5.0, 3.4, 1.5, 0.25]}
    page = visit(serve(build_iris(typical_rows=typical)).url)

    page.get_by_role("button", name="setosa").click()

    values = [page.get_by_label(name).first.input_value() for name in FEATURES]
    assert values == ["5", "3.4", "1.5", "0.25"]
    expect(page.get_by_role("button", name="virginica")).to_be_visible()


def test_the_flower_grows_with_the_sliders(page):
    flower = page.get_by_role("img", name=re.compile("^A flower"))
    fill(page, VIRGINICA)
    expect(flower).to_have_attribute(
        "aria-label", re.compile(r"sepals 6\.7 by 3 cm and petals 5\.7 by 2\.4 cm")
    )
    before = flower.locator(".petal").first.bounding_box()["height"]

    fill(page, SETOSA)

    expect(flower).to_have_attribute("aria-label", re.compile(r"petals 1\.4 by"))
    assert flower.locator(".petal").first.bounding_box()["height"] < before / 2


COUNT_ABORTED = """
const original = window.fetch;
window.aborted = 0;
window.fetch = (url, options) => {
  if (url === "predict") {
    options.signal.addEventListener("abort", () => { window.aborted += 1; });
  }
  return original(url, options);
};
"""


def test_the_latest_value_wins(serve, open_page):
    page = open_page("about:blank")
    page.add_init_script(COUNT_ABORTED)
    page.goto(serve().url)
    fill(page, SETOSA)
    expect(page.locator("#answer strong")).to_have_text("setosa")
    held = []

    def hold(route):
        slow = route.request.post_data_json["petal_length"] == 1.5
        held.append(route) if slow else route.continue_()

    page.route("**/predict", hold)
    with page.expect_request(
        lambda sent: '"petal_length":1.5' in (sent.post_data or "")
    ):
        page.get_by_label("Petal length").first.fill("1.5")
    before = page.evaluate("window.aborted")

    fill(page, VIRGINICA)

    expect(page.locator("#answer strong")).to_have_text("virginica")
    assert held
    assert page.evaluate("window.aborted") > before
