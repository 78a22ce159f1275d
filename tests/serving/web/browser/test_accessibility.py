"""The page for keyboards, screen readers, phones and dark screens."""

import pytest
from playwright.sync_api import expect

from tests.serving.web.browser.actions import HEADER, fill, table, upload
from tests.serving.web.browser.screens import PHONE, SCREENS

KEY = "correct horse battery staple"

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_page_works_with_the_keyboard_alone(page):
    expect(page.locator("#answer strong")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")

    page.keyboard.press("Enter")

    expect(page.locator("#answer strong")).to_have_text("versicolor")


@pytest.mark.parametrize("width", [320, 390, 768])
def test_nothing_is_cut_off_on_a_narrow_screen(serve, visit, width):
    page = visit(serve().url, viewport={"width": width, "height": 800})
    expect(page.locator("#answer strong")).to_be_visible()
    upload(page, table(1))
    expect(page.locator("#batch-summary")).to_be_visible()

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_prediction_stays_visible_on_a_phone(serve, visit):
    page = visit(serve().url, **PHONE)
    expect(page.locator("#answer strong")).to_be_visible()

    page.get_by_role("slider", name="Petal width").focus()

    expect(page.locator("#answer strong")).to_be_in_viewport()
    expect(page.get_by_role("slider", name="Petal width")).to_be_in_viewport()


@pytest.mark.parametrize(("name", "settings"), SCREENS)
def test_the_page_passes_the_accessibility_checks(
    serve, visit, find_barriers, picture, name, settings
):
    page = visit(serve().url, reduced_motion="reduce", **settings)
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
    expect(page.locator("#batch .issues")).to_be_visible()
    picture(page, f"page-{name}-issues", full_page=True)
    assert find_barriers(page) == []


def test_the_key_form_and_an_outage_pass_the_accessibility_checks(
    filled, visit, find_barriers, write_keys
):
    server = filled(api_keys_file=write_keys(KEY))
    page = visit(server.url)
    expect(page.get_by_label("API key")).to_be_visible()
    assert find_barriers(page) == []

    server.stop()
    expect(page.get_by_role("status")).to_contain_text("is not responding")

    assert find_barriers(page) == []
