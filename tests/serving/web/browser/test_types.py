"""The page for features that are not only numbers, as a person would use it."""

import csv
import json
import re

import pytest
from playwright.sync_api import expect

from tests.serving.web.browser.actions import upload
from tests.serving.web.browser.screens import SCREENS

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def field(page, name):
    """Find a field by the beginning of its text."""
    return page.locator(".field", has_text=re.compile(f"^{re.escape(name)}"))


def send(page, act, **values):
    """Act on the page, and return the row with these values that it sends then."""

    def is_meant(request):
        if not request.url.endswith("/predict"):
            return False
        row = request.post_data_json
        # As JSON: in Python, 1 is equal to True.
        return all(json.dumps(row[name]) == json.dumps(values[name]) for name in values)

    with page.expect_request(is_meant) as sent:
        act()
    return sent.value.post_data_json


def answered(page):
    """Wait until the prediction of the current values is shown."""
    expect(page.locator("#answer strong")).to_be_visible()
    expect(page.locator("#answer strong")).to_have_text(re.compile("died|survived"))


@pytest.fixture
def page(serve, visit, passengers_bytes):
    page = visit(serve(passengers_bytes).url)
    answered(page)
    return page


@pytest.fixture
def described_bytes(passengers_bytes, change):
    """Describe the model with all that a contract may say for the page."""
    headers = {"siblings": "Sib/Sp", "age": "age_years", "deck": "DECK (1-3)"}
    typical = {
        "0": [None, 2, None, None, "3"],
        "1": [61.5, 0.5, False, "Belfast", "1"],
    }
    return change(
        passengers_bytes,
        target={"threshold": 0.31},
        source={"columns": headers},
        typical_rows=typical,
    )


def test_each_type_has_its_own_input(page):
    expect(page.get_by_role("spinbutton", name="Age")).to_be_visible()
    expect(page.get_by_role("slider", name="Siblings")).to_have_attribute("step", "1")
    for name, choices in {
        "Alone": ["No", "Yes", "Unknown"],
        "Port": ["C", "Q", "S", "never seen", "Unknown", "Another value …"],
        "Deck": ["1", "2", "3"],
    }.items():
        group = page.get_by_role("radiogroup", name=name)
        expect(group.locator(".choice")).to_have_text(choices)


def test_values_are_sent_by_type(page):
    page.get_by_role("spinbutton", name="Age").fill("22.5")
    page.get_by_role("spinbutton", name="Siblings").fill("2")
    page.get_by_role("radiogroup", name="Port").get_by_label("Q").check()
    page.get_by_role("radiogroup", name="Alone").get_by_label("Yes").check()
    deck = page.get_by_role("radiogroup", name="Deck")

    row = send(page, deck.get_by_label("3").check, deck="3")

    assert row == {"age": 22.5, "siblings": 2, "alone": True, "port": "Q", "deck": "3"}
    answered(page)


def test_unknown_is_sent_as_null_and_can_be_undone(page):
    age = page.get_by_role("spinbutton", name="Age")
    age.fill("30")
    unknown = page.get_by_role("checkbox", name="Age unknown")
    page.get_by_role("radiogroup", name="Alone").get_by_label("Unknown").check()
    page.get_by_role("radiogroup", name="Port").get_by_label("Unknown").check()

    send(page, unknown.check, age=None, alone=None, port=None)

    answered(page)
    expect(age).to_have_value("")
    slider = page.get_by_role("slider", name="Age")
    expect(slider).to_have_attribute("aria-valuetext", "unknown")
    send(page, unknown.uncheck, age=30)
    unknown.check()
    send(page, lambda: age.fill("31"), age=31)
    expect(unknown).not_to_be_checked()
    send(page, unknown.check, age=None)
    send(page, lambda: slider.press("Home"), age=0)
    expect(age).to_have_value("0")
    expect(unknown).not_to_be_checked()
    expect(page.get_by_role("checkbox", name="Siblings unknown")).to_have_count(0)


@pytest.mark.parametrize(
    ("name", "cases"),
    [
        (
            "Age",
            {
                "": "Age must be a number, or unknown.",
                "121": "Age must be at most 120 years.",
            },
        ),
        (
            "Siblings",
            {
                "": "Siblings must be an integer.",
                "21": "Siblings must be at most 20.",
                "1.5": "Siblings must be an integer.",
            },
        ),
    ],
)
def test_a_bad_number_is_explained(page, name, cases):
    number = page.get_by_role("spinbutton", name=name)

    for value, text in cases.items():
        number.fill(value)

        expect(field(page, name).locator(".note")).to_have_text(text)
        expect(number).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#answer .problem")).to_contain_text("No prediction")


def test_a_category_that_training_did_not_see_is_a_warning(page):
    port = page.get_by_role("radiogroup", name="Port")
    note = field(page, "Port").locator(".note")

    port.get_by_label("never seen").check()

    expect(note).to_have_text("Not seen in training.")
    expect(page.locator("#warning")).to_contain_text("not seen in training: port")
    page.get_by_role("spinbutton", name="Age").fill("119")
    expect(page.locator("#warning")).to_contain_text(
        "outside the training range: age; not seen in training: port"
    )
    port.get_by_label("C", exact=True).check()
    expect(note).to_be_hidden()
    expect(page.locator("#warning")).not_to_contain_text("port")


def test_another_category_can_be_entered_where_it_is_accepted(page):
    port = page.get_by_role("radiogroup", name="Port")
    text = page.get_by_role("textbox", name="Port, another value")
    expect(text).to_be_hidden()

    port.get_by_label("Another value …").check()

    note = field(page, "Port").locator(".note")
    expect(note).to_have_text("Port must not be empty.")
    send(page, lambda: text.fill("Belfast"), port="Belfast")
    expect(note).to_have_text("Not seen in training.")
    answered(page)
    send(page, lambda: text.fill("S"), port="S")
    expect(note).to_be_hidden()


def test_classes_are_shown_by_their_labels(page):
    expect(page.locator("#bars .label")).to_have_text(["died0", "survived1"])
    for code, label in [("0", "died"), ("1", "survived")]:
        page.get_by_role("button", name=label).click()
        expect(page.locator("#answer strong")).to_have_text(label)
        expect(page.locator("#answer .code")).to_have_text(code)
        expect(page.locator("#bars .chosen .label")).to_contain_text(label)
        expect(page.locator("#announcement")).to_contain_text(label)


def test_a_threshold_is_stated(serve, visit, described_bytes):
    page = visit(serve(described_bytes).url)

    answered(page)
    expect(page.locator("#decision")).to_have_text(
        "Predicts survived if its probability is at least 31.0 %."
    )


def test_costs_are_stated(serve, visit, passengers_bytes, change):
    costs = {"1": {"0": 5}}
    page = visit(serve(change(passengers_bytes, target={"costs": costs})).url)

    answered(page)
    expect(page.locator("#decision")).to_have_text(
        "Predicts the class with the least expected cost."
    )


def test_inputs_have_the_headers_of_the_training_data(serve, visit, described_bytes):
    page = visit(serve(described_bytes).url)
    answered(page)

    for name in ("Age", "Sib/Sp", "DECK (1-3)", "Port"):
        expect(field(page, name)).to_be_visible()
    page.get_by_role("spinbutton", name="Sib/Sp").fill("19")
    expect(page.locator("#warning")).to_contain_text("training range: Sib/Sp")
    upload(page, "age,siblings,alone,port,deck\n22,1,yes,S,2\n")
    heads = page.locator("#batch th[scope=col]")
    expect(heads).to_contain_text(["Age", "Sib/Sp", "Alone", "Port", "DECK (1-3)"])


def test_the_default_decision_is_not_mentioned(page):
    expect(page.locator("#decision")).to_be_hidden()


def test_examples_fill_in_all_types(serve, visit, described_bytes):
    page = visit(serve(described_bytes).url)
    answered(page)

    survived = page.get_by_role("button", name="survived")
    row = send(page, survived.click, age=61.5, siblings=1, alone=False)
    died = page.get_by_role("button", name="died")
    other = send(page, died.click, age=None, siblings=2, alone=None)

    assert (row["port"], row["deck"]) == ("Belfast", "1")
    assert (other["port"], other["deck"]) == (None, "3")


def test_a_file_may_have_texts_booleans_and_empty_fields(page):
    upload(
        page,
        "Name,Age,SIBLINGS,alone,port,deck\n"
        '"Doe, ""J""",22,1,yes,S,2\n'
        ",,0,,,1\n"
        'x,NA,3,F, "Queenstown, Cork" ,3\n',
    )

    expect(page.locator("#batch-summary")).to_contain_text("3 rows")
    expect(page.locator("#batch-summary")).to_contain_text(
        re.compile(r"died \d, survived \d")
    )
    expect(page.locator("#batch")).to_contain_text("Ignored columns: Name")
    prediction = page.locator("#batch tbody tr").first.locator("td").first
    expect(prediction).to_have_text(re.compile("died0|survived1"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download predictions").click()
    header, *rows = csv.reader(download.value.path().read_text().splitlines())
    assert header[6:] == ["prediction", "label", "probability_0", "probability_1"]
    assert rows[0][:6] == ['Doe, "J"', "22", "1", "yes", "S", "2"]
    assert rows[1][:6] == ["", "", "0", "", "", "1"]
    assert {tuple(row[6:8]) for row in rows} <= {("0", "died"), ("1", "survived")}


@pytest.mark.parametrize("name", ["passengers", "houses", "birds", "tumors"])
def test_the_example_file_can_be_predicted(serve, visit, request, name):
    page = visit(serve(request.getfixturevalue(f"{name}_bytes")).url)
    expect(page.locator("#answer strong")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Example file").click()
    content = download.value.path().read_text()

    upload(page, content)

    expect(page.locator("#batch-summary")).to_contain_text("2 rows")


def test_a_row_with_only_a_missing_value_is_predicted(serve, visit, birds_bytes):
    page = visit(serve(birds_bytes).url)
    expect(page.locator("#answer strong")).to_be_visible()

    upload(page, "Plumage,n\nwhite,1\n,2\n\nbrown,3\n")

    expect(page.locator("#batch-summary")).to_contain_text("3 rows")
    rows = page.locator("#batch tbody tr")
    expect(rows.nth(0)).to_contain_text("swan")
    expect(rows.nth(2)).to_contain_text("duck")


def test_a_long_list_of_categories_is_a_list_box(serve, visit, houses_bytes):
    page = visit(serve(houses_bytes).url)
    heating = page.get_by_role("combobox", name="Heating")
    expect(page.locator("#answer strong")).to_be_visible()

    options = heating.locator("option")
    # Unknown is a category of this table.
    expect(options).to_have_text(
        "gas|oil|wood|heat pump|district, shared|none|Unknown|No value".split("|")
    )
    send(page, lambda: heating.select_option("No value"), heating=None)
    send(page, lambda: heating.select_option("Unknown"), heating="Unknown")
    note = field(page, "Heating").locator(".note")
    expect(note).to_have_text("Not seen in training.")


def test_a_boolean_that_is_always_known_is_a_switch(serve, visit, houses_bytes):
    page = visit(serve(houses_bytes).url)
    switch = page.get_by_role("switch", name="Insured")
    expect(page.locator("#answer strong")).to_be_visible()
    before = switch.is_checked()

    send(page, lambda: switch.press("Space"), insured=not before)

    word = "No" if before else "Yes"
    expect(field(page, "Insured").locator(".unit")).to_have_text(word)


def test_a_name_with_any_characters_keeps_its_messages(serve, visit, houses_bytes):
    page = visit(serve(houses_bytes).url)
    price = page.get_by_role("spinbutton", name="Price/m² ~ (EUR)")

    price.fill("100000001")

    expect(field(page, "Price").locator(".note")).to_contain_text("must be at most")
    expect(page.locator("#answer")).to_contain_text("price/m² ~ (EUR) must be at most")
    upload(page, "price/m² ~ (EUR),heating,insured\n-1,gas,true\n")
    expect(page.locator("#batch .issues")).to_contain_text("Row 1, price/m² ~ (EUR):")


def test_typed_fields_work_with_the_keyboard_alone(page):
    alone = page.get_by_role("radiogroup", name="Alone")
    alone.get_by_label("No", exact=True).check()
    alone.get_by_label("No", exact=True).focus()

    send(page, lambda: page.keyboard.press("ArrowRight"), alone=True)

    page.get_by_role("slider", name="Age").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("checkbox", name="Age unknown")).to_be_focused()
    send(page, lambda: page.keyboard.press("Space"), age=None)


def test_a_model_without_a_picture_asks_for_none(serve, open_page, passengers_bytes):
    server = serve(passengers_bytes)
    page = open_page("about:blank")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("response", lambda answer: asked.append(answer.status))

    page.goto(server.url)

    answered(page)
    expect(page.locator("#picture")).to_be_hidden()
    assert [each for each in asked if "pictures" in str(each)] == []
    assert [each for each in asked if each in (404, 500)] == []


def test_fields_of_the_same_name_keep_their_values(
    filled, visit, publish, passengers_bytes, change
):
    page = visit(filled(passengers_bytes).url)
    answered(page)
    page.get_by_role("spinbutton", name="Age").fill("41.5")
    page.get_by_role("radiogroup", name="Port").get_by_label("Unknown").check()
    answered(page)

    publish(change(passengers_bytes, target={"description": "Fate"}), "6")

    expect(page.get_by_role("heading", level=1)).to_have_text("Fate")
    expect(page.get_by_role("spinbutton", name="Age")).to_have_value("41.5")
    port = page.get_by_role("radiogroup", name="Port")
    expect(port.get_by_label("Unknown")).to_be_checked()


@pytest.mark.parametrize(("name", "settings"), SCREENS)
@pytest.mark.parametrize("table", ["passengers", "houses"])
def test_all_types_pass_the_accessibility_checks(
    serve, visit, find_barriers, picture, request, table, name, settings
):
    content = request.getfixturevalue(f"{table}_bytes")
    page = visit(serve(content).url, reduced_motion="reduce", **settings)
    expect(page.locator("#answer strong")).to_be_visible()
    picture(page, f"{table}-{name}", full_page=True)
    assert find_barriers(page) == []

    if table == "passengers":
        page.get_by_role("checkbox", name="Age unknown").check()
        page.get_by_role("radiogroup").get_by_label("Another value …").check()
        page.get_by_role("textbox").fill("Belfast")
        expect(page.locator("#warning")).to_be_visible()
    else:
        page.get_by_role("spinbutton").fill("100000001")
        expect(page.locator("#answer .problem")).to_be_visible()
    picture(page, f"{table}-{name}-notes", full_page=True)
    assert find_barriers(page) == []
    width = settings["viewport"]["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
