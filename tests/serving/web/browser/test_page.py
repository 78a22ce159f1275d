"""The page at /, used as a person would use it, in front of a real gunicorn."""

import hashlib
import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from serving.model.store import PARTNER, Store
from tests.serving.web.browser.screens import PHONE, SCREENS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEY = "correct horse battery staple"
FEATURES = ["Sepal length", "Sepal width", "Petal length", "Petal width"]
SETOSA, VIRGINICA = (5.1, 3.5, 1.4, 0.2), (6.7, 3.0, 5.7, 2.4)
HEADER = "sepal_length,sepal_width,petal_length,petal_width"


def table(rows):
    """Return a CSV file of flowers."""
    return f"{HEADER}\n".encode() + b"5.1,3.5,1.4,0.2\n" * rows


def fill(page, row):
    for name, value in zip(FEATURES, row, strict=True):
        page.get_by_label(name, exact=False).first.fill(str(value))


def field(page, name):
    return page.locator(".field", has_text=name)


def drop(page, content, name="flowers.csv"):
    """Let a file fall on the page, as a mouse would."""
    data = page.evaluate_handle(
        """([content, name]) => {
            const data = new DataTransfer();
            data.items.add(new File([content], name, { type: "text/csv" }));
            return data;
        }""",
        [content, name],
    )
    page.dispatch_event("#drop", "dragover", {"dataTransfer": data})
    page.dispatch_event("#drop", "drop", {"dataTransfer": data})


def upload(page, content, name="flowers.csv"):
    page.set_input_files(
        "#file", {"name": name, "mimeType": "text/csv", "buffer": content}
    )


@pytest.fixture
def page(serve, open_page):
    return open_page(serve().url)


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


def test_a_slider_steps_by_keys_as_fine_as_the_data(page):
    fill(page, SETOSA)
    slider = page.get_by_role("slider", name="Petal width")

    slider.press("ArrowRight")

    expect(page.get_by_label("Petal width").first).to_have_value("0.3")
    assert slider.get_attribute("aria-valuetext") == "0.3 cm"


@pytest.mark.parametrize("name", FEATURES)
def test_each_bound_holds(page, name):
    """The contract of the model in these tests accepts 0.1 to 30."""
    number = page.get_by_label(name).first
    note = field(page, name).locator(".note")
    cases = {
        "0.1": "Outside",
        "0.09": "must be at least 0.1 cm",
        "30": "Outside",
        "30.1": "must be at most 30 cm",
        "": "must be a number",
        "-1e300": "must be at least 0.1 cm",
    }
    if name == "Petal width":
        cases["0.1"] = "Trained on"

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


def test_typical_rows_of_the_contract_are_preferred(serve, open_page, build_iris):
    typical = {"setosa": [5.0, 3.4, 1.5, 0.25]}
    page = open_page(serve(build_iris(typical_rows=typical)).url)

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


def test_the_latest_value_wins(page):
    page.add_init_script(COUNT_ABORTED)
    page.reload()
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


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        (f"{HEADER}\n5.1,3.5,1.4,0.2\n5.1,99,1.4,abc\n", ["Row 2, petal_width:"]),
        (f"{HEADER}\n5.1,99,1.4,0.2\n", ["Row 1, sepal_width: must be at most 30 cm"]),
        (f"{HEADER}\n5.1,3.5\n", ["Row 1: must have 4 cells, not 2"]),
        ("sepal_length\n5.1\n", ["Header: sepal_width is missing"]),
        ("a,b\n1,2\n", ["contains none of sepal_length, sepal_width"]),
        (HEADER, ["at least one row"]),
        ("", ["at least one row"]),
        (f"{HEADER}\n" + "x,x,x,x\n" * 20, ["and 60 more"]),
        (f"{HEADER}\n" + "x,x,x,x\n" * 200, ["More than 100 errors", "and more"]),
        (f"{HEADER}\n5.1,,1.4,0.2\n", ["Row 1, sepal_width: must be a number"]),
    ],
)
def test_a_bad_file_is_explained_with_row_and_field(page, content, texts):
    upload(page, content.encode())

    for text in texts:
        expect(page.locator("#batch")).to_contain_text(text)
    expect(page.locator("#batch table")).to_have_count(0)


def test_what_is_no_text_or_too_large_is_explained(serve, open_page):
    page = open_page(serve(max_body_bytes=2048).url)

    upload(page, b"\xff\xfe\x00\x01")
    expect(page.locator("#batch")).to_contain_text("not valid UTF-8")
    upload(page, b"x" * 4096)
    expect(page.locator("#batch")).to_contain_text("It is 4 KiB")
    expect(page.locator("#batch")).to_contain_text("limit is 2 KiB")


def test_too_many_rows_are_explained(serve, open_page):
    page = open_page(serve(max_rows=2).url)

    upload(page, table(3))

    expect(page.locator("#batch")).to_contain_text("3 rows; the limit is 2")


def test_production_changes_while_the_page_is_open(
    start, registry, build_iris, open_page
):
    first = registry.release(build_iris())
    page = open_page(start().url)
    expect(page.locator("#model")).to_contain_text(f"Version {first}")
    fill(page, VIRGINICA)
    expect(page.locator("#answer strong")).to_have_text("virginica")
    share = page.locator("#answer .share").text_content()

    second = registry.release(build_iris(C=0.01, metrics={"accuracy": 0.876}))

    expect(page.locator("#model")).to_contain_text(f"Version {second}")
    expect(page.locator("#model .metrics")).to_contain_text("0.876")
    expect(page.locator("#notice")).to_contain_text(f"to version {second}")
    expect(page.locator("#answer .share")).not_to_have_text(share)
    assert page.get_by_label("Petal length").first.input_value() == "5.7"


def test_another_model_brings_its_own_fields_and_classes(
    serve, open_page, publish, wine_bytes
):
    page = open_page(serve().url)
    expect(page.locator(".field")).to_have_count(4)

    publish(wine_bytes, "7")

    expect(page.locator(".field label")).to_have_text(["Acid", "Sugar", "Salt"])
    expect(page.locator("#bars .label")).to_have_text(["red", "white"])
    expect(page.locator("#picture")).to_be_hidden()
    page.get_by_role("button", name="white").click()
    expect(page.locator("#answer strong")).to_have_text("white")


def test_a_page_without_a_model_says_why_and_waits_for_it(
    start, publish, open_page, iris_bytes
):
    page = open_page(start(follow_seconds=0).url)
    expect(page.get_by_role("status")).to_contain_text("No model is loaded")
    expect(page.locator("#main")).to_be_hidden()

    publish(iris_bytes, "3")

    expect(page.locator("#answer strong")).to_be_visible()
    expect(page.locator("#notice")).to_be_hidden()


def test_a_stopped_service_is_noticed_and_its_return_too(serve, start, open_page):
    server = serve()
    page = open_page(server.url)
    fill(page, VIRGINICA)
    expect(page.locator("#answer strong")).to_have_text("virginica")

    server.stop()
    expect(page.get_by_role("status")).to_contain_text("is not responding")
    expect(page.locator("#answer")).to_contain_text("No prediction")
    page.get_by_label("Petal length").first.fill("5.9")
    start(follow_seconds=0, workers=1, port=server.port)

    expect(page.locator("#answer strong")).to_have_text("virginica")
    expect(page.locator("#notice")).to_be_hidden()


def test_page_does_without_a_picture_that_does_not_come(serve, open_page):
    page = open_page("about:blank")
    page.route("**/pictures/*.js", lambda route: route.abort())

    page.goto(serve().url)

    expect(page.locator("#answer strong")).to_be_visible()
    expect(page.locator("#picture")).to_be_hidden()


def test_a_change_while_the_service_was_away_is_told(
    serve, start, publish, open_page, build_iris
):
    server = serve()
    page = open_page(server.url)
    server.stop()
    expect(page.locator("#notice")).to_contain_text("is not responding")

    publish(build_iris(C=0.1), "4")
    start(follow_seconds=0, workers=1, port=server.port)

    expect(page.locator("#notice")).to_contain_text("from version 3 to version 4")


def test_a_key_is_asked_for_and_kept_in_the_tab(serve, open_page, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text(f"me {hashlib.sha256(KEY.encode()).hexdigest()}\n")
    server = serve(api_keys_file=keys)
    page = open_page(server.url)
    asked = page.get_by_label("API key")
    expect(page.locator("#answer")).to_contain_text("require an API key")

    asked.fill("wrong")
    asked.press("Enter")
    expect(page.locator("#key-note")).to_contain_text("key was rejected")
    asked.fill(KEY)
    page.get_by_role("button", name="Use key").click()

    expect(page.locator("#answer strong")).to_be_visible()
    expect(asked).to_be_hidden()
    upload(page, table(1))
    expect(page.locator("#batch-summary")).to_contain_text("1 row,")
    page.reload()
    expect(page.locator("#answer strong")).to_be_visible()
    assert page.evaluate("localStorage.length") == 0
    assert page.context.cookies() == []
    other = open_page(server.url)
    expect(other.get_by_label("API key")).to_be_visible()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ({"status": 502, "body": "<h1>Bad gateway</h1>"}, "answered with status 502"),
        (
            {"status": 500, "json": {"detail": "It failed.", "request_id": "abc"}},
            "It failed. (request abc)",
        ),
        ({"status": 200, "body": "<p>Please log in</p>"}, "is not responding"),
    ],
)
def test_errors_are_text_and_pass(page, answer, text):
    expect(page.locator("#answer strong")).to_be_visible()
    page.route("**/predict", lambda route: route.fulfill(**answer))

    page.get_by_label("Petal length").first.fill("1.5")

    expect(page.locator("body")).to_contain_text(text)
    page.unroute("**/predict")
    page.get_by_label("Petal length").first.fill("1.6")
    expect(page.locator("#answer strong")).to_be_visible()


def test_a_busy_service_is_asked_again(page):
    expect(page.locator("#answer strong")).to_be_visible()
    busy = {"status": 429, "json": {"detail": "Too many requests are in flight."}}
    page.route("**/predict", lambda route: route.fulfill(**busy), times=1)

    page.get_by_role("button", name="virginica").click()

    expect(page.locator("#answer strong")).to_have_text("virginica")


def test_keys_alone_are_enough(page):
    expect(page.locator("#answer strong")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")

    page.keyboard.press("Enter")

    expect(page.locator("#answer strong")).to_have_text("versicolor")


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_is_cut_off_on_a_narrow_screen(serve, open_page, width):
    page = open_page(serve().url, viewport={"width": width, "height": 800})
    expect(page.locator("#answer strong")).to_be_visible()
    upload(page, table(1))
    expect(page.locator("#batch-summary")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_prediction_stays_in_sight_on_a_phone(serve, open_page):
    page = open_page(serve().url, **PHONE)
    expect(page.locator("#answer strong")).to_be_visible()

    page.get_by_role("slider", name="Petal width").focus()

    expect(page.locator("#answer strong")).to_be_in_viewport()
    expect(page.get_by_role("slider", name="Petal width")).to_be_in_viewport()


@pytest.mark.parametrize(("name", "settings"), SCREENS)
def test_no_barriers(serve, open_page, find_barriers, picture, name, settings):
    page = open_page(serve().url, reduced_motion="reduce", **settings)
    page.get_by_role("button", name="versicolor").click()
    expect(page.locator("#answer strong")).to_have_text("versicolor")
    expect(page.locator("#announcement")).to_contain_text("versicolor")
    picture(page, f"page-{name}", full_page=True)
    assert find_barriers(page) == []

    fill(page, (5.9, 2.9, 9.5, 1.5))
    expect(page.locator("#warning")).to_be_visible()
    upload(page, table(1))
    expect(page.locator("#batch-summary")).to_be_visible()
    for summary in page.locator("summary").all():
        summary.click()
    picture(page, f"page-{name}-warning", full_page=True)
    assert find_barriers(page) == []

    fill(page, (99, 2.9, 9.5, 1.5))
    expect(page.locator("#answer .problem")).to_be_visible()
    upload(page, f"{HEADER}\n5.1,3.5,1.4,abc\n".encode())
    expect(page.locator("#batch .faults")).to_be_visible()
    picture(page, f"page-{name}-faults", full_page=True)
    assert find_barriers(page) == []


def test_no_barriers_when_asking_for_a_key_and_when_alone(
    serve, open_page, find_barriers, tmp_path
):
    keys = tmp_path / "keys"
    keys.write_text(f"me {hashlib.sha256(KEY.encode()).hexdigest()}\n")
    server = serve(api_keys_file=keys)
    page = open_page(server.url)
    expect(page.get_by_label("API key")).to_be_visible()
    assert find_barriers(page) == []

    server.stop()
    expect(page.get_by_role("status")).to_contain_text("is not responding")

    assert find_barriers(page) == []


def test_a_canary_is_shown_with_its_share(
    start, open_page, publish, build_iris, tmp_path, describe
):
    publish(build_iris())
    content, store = build_iris(C=0.1), Store(tmp_path / "store")
    canary = replace(
        describe(content, "4"), alias="Canary", tags={"canary_share": "0.05"}
    )
    with store.incoming() as folder:
        (folder / "model.onnx").write_bytes(content)
        store.publish(PARTNER, folder / "model.onnx", canary)
    page = open_page(start(follow_seconds=0).url)

    expect(page.locator("#canary")).to_have_text(
        "Canary: version 4 answers 5 % of the requests"
    )

    store.withdraw(PARTNER)

    expect(page.locator("#canary")).to_have_count(0)
