"""The feedback form of the page, with a real gunicorn."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEY = "correct horse battery staple"


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """Return the address of a database, with which services are shared too."""
    return f"sqlite:///{tmp_path_factory.mktemp('feedback')}/predictions.db"


@pytest.fixture
def stored():
    """Return a function that opens a page; the service stores what it shows."""

    def stored(visit, server):
        page = visit("about:blank")
        with page.expect_response("**/predict") as answered:
            page.goto(server.url)
        return page, answered.value.json()

    return stored


def choice(page):
    return page.get_by_label("Correct class")


def test_the_correct_class_can_be_sent_with_the_keyboard(
    serve, visit, stored, url, read_feedback, find_barriers
):
    page, answer = stored(visit, serve(database_url=url))
    expect(choice(page)).to_have_value(answer["prediction"])

    choice(page).focus()
    choice(page).press("End")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    note = page.get_by_role("status").filter(has_text="Thank you")
    expect(note).to_be_visible()
    assert read_feedback(url)[answer["prediction_id"], 0] == "virginica"
    assert find_barriers(page) == []


def test_classes_are_chosen_by_their_labels(
    serve, visit, stored, url, read_feedback, tumors_bytes
):
    page, answer = stored(visit, serve(tumors_bytes, database_url=url))

    choice(page).select_option(label="benign")
    page.get_by_role("button", name="Send").click()

    expect(page.locator("#feedback-note")).to_contain_text("Thank you")
    assert read_feedback(url)[answer["prediction_id"], 0] == "1"


def test_feedback_is_retried_until_its_prediction_is_stored(
    serve, visit, url, store_predictions, read_feedback
):
    server = serve(database_url=url)
    prediction_id = "0" * 32

    def rename(route):
        answer = route.fetch()
        route.fulfill(
            response=answer, json={**answer.json(), "prediction_id": prediction_id}
        )

    page = visit("about:blank")
    page.route("**/predict", rename)
    page.goto(server.url)

    with page.expect_response("**/feedback") as refused:
        page.get_by_role("button", name="Send").click()
    store_predictions(url, (prediction_id, 0, "setosa"))

    assert refused.value.status == 422
    expect(page.locator("#feedback-note")).to_contain_text("Thank you")
    assert (prediction_id, 0) in read_feedback(url)


def test_a_new_prediction_resets_the_feedback_form(serve, visit, stored, url):
    page, _ = stored(visit, serve(database_url=url))
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#feedback-note")).to_be_visible()

    page.get_by_role("button", name="virginica").first.click()

    expect(page.locator("#feedback-note")).to_be_hidden()
    expect(choice(page)).to_have_value("virginica")


def test_errors_are_shown(filled, open_page, url, write_keys):
    page = open_page(filled(database_url=url, api_keys_file=write_keys(KEY)).url)
    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Use key").click()

    page.get_by_role("button", name="Send").click()

    expect(page.locator("#feedback-note")).to_have_text(
        "Not stored: The API key lacks the scope 'feedback'."
    )


def test_the_form_is_hidden_if_feedback_is_off(serve, visit):
    page = visit(serve().url)

    expect(page.locator("#answer strong")).to_be_visible()

    expect(page.locator("#feedback-card")).to_be_hidden()
