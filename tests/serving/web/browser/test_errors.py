"""API keys, errors and overload."""

import pytest
from playwright.sync_api import expect

from tests.serving.web.browser.actions import table, upload

KEY = "correct horse battery staple"

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_key_is_asked_for_and_kept_in_the_tab(filled, open_page, write_keys):
    server = filled(api_keys_file=write_keys(KEY))
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
def test_errors_are_shown_until_a_prediction_succeeds(page, answer, text):
    expect(page.locator("#answer strong")).to_be_visible()
    page.route("**/predict", lambda route: route.fulfill(**answer))

    page.get_by_label("Petal length").first.fill("1.5")

    expect(page.locator("body")).to_contain_text(text)
    page.unroute("**/predict")
    page.get_by_label("Petal length").first.fill("1.6")
    expect(page.locator("#answer strong")).to_be_visible()


def test_a_request_to_a_busy_service_is_retried(page):
    expect(page.locator("#answer strong")).to_be_visible()
    busy = {"status": 429, "json": {"detail": "Too many requests are in flight."}}
    page.route("**/predict", lambda route: route.fulfill(**busy), times=1)

    page.get_by_role("button", name="virginica").click()

    expect(page.locator("#answer strong")).to_have_text("virginica")
