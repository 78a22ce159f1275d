"""The feedback form of the page, with a real gunicorn."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEY = "correct horse battery staple"


@pytest.fixture
def url(store_predictions, sqlite_url):
    store_predictions(sqlite_url, ("another", 0, "setosa"))
    return sqlite_url


@pytest.fixture
def stored():
    """Return a function that opens a page; the service stores what it shows."""

    def stored(open_page, server):
        page = open_page("about:blank")
        with page.expect_response("**/predict") as answered:
            page.goto(server.url)
        return page, answered.value.json()

    return stored


def choice(page):
    return page.get_by_label("Correct class")


def test_the_right_class_is_sent_by_keys(
    serve, open_page, stored, url, read_feedback, find_barriers
):
    page, answer = stored(open_page, serve(database_url=url))
    expect(choice(page)).to_have_value(answer["prediction"])

    choice(page).focus()
    choice(page).press("End")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    note = page.get_by_role("status").filter(has_text="Thank you")
    expect(note).to_be_visible()
    assert read_feedback(url) == {(answer["prediction_id"], 0): "virginica"}
    assert find_barriers(page) == []


def test_classes_have_their_words(
    serve, open_page, stored, url, read_feedback, tumors_bytes
):
    page, answer = stored(open_page, serve(tumors_bytes, database_url=url))

    choice(page).select_option(label="benign")
    page.get_by_role("button", name="Send").click()

    expect(page.locator("#feedback-note")).to_contain_text("Thank you")
    assert read_feedback(url) == {(answer["prediction_id"], 0): "1"}


def test_a_prediction_that_is_not_stored_yet_is_tried_again(
    serve, open_page, url, store_predictions, read_feedback
):
    server = serve(database_url=url)
    prediction_id = "0" * 32

    def rename(route):
        answer = route.fetch()
        route.fulfill(
            response=answer, json={**answer.json(), "prediction_id": prediction_id}
        )

    page = open_page("about:blank")
    page.route("**/predict", rename)
    page.goto(server.url)

    with page.expect_response("**/feedback") as refused:
        page.get_by_role("button", name="Send").click()
    store_predictions(url, (prediction_id, 0, "setosa"))

    assert refused.value.status == 422
    expect(page.locator("#feedback-note")).to_contain_text("Thank you")
    assert set(read_feedback(url)) == {(prediction_id, 0)}


def test_another_prediction_is_asked_about_anew(serve, open_page, stored, url):
    page, _ = stored(open_page, serve(database_url=url))
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#feedback-note")).to_be_visible()

    page.get_by_role("button", name="virginica").first.click()

    expect(page.locator("#feedback-note")).to_be_hidden()
    expect(choice(page)).to_have_value("virginica")


def test_errors_are_shown(serve, open_page, url, write_keys):
    page = open_page(serve(database_url=url, api_keys_file=write_keys(KEY)).url)
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Use key").click()

    page.get_by_role("button", name="Send").click()

    expect(page.locator("#feedback-note")).to_have_text(
        "Not stored: The API key lacks the scope 'feedback'."
    )


def test_nobody_is_asked_if_feedback_is_off(serve, open_page):
    page = open_page(serve().url)

    expect(page.locator("#answer strong")).to_be_visible()

    expect(page.locator("#feedback-card")).to_be_hidden()
