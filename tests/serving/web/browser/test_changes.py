"""The model changes, or the service goes away, while the page is open."""

import pytest
from playwright.sync_api import expect

from tests.serving.web.browser.actions import VIRGINICA, fill

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_production_changes_while_the_page_is_open(start, registry, build_iris, visit):
    first = registry.release(build_iris())
    page = visit(start().url)
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
    filled, visit, publish, wine_bytes
):
    page = visit(filled().url)
    expect(page.locator(".field")).to_have_count(4)

    publish(wine_bytes, "7")

    expect(page.locator(".field label")).to_have_text(["Acid", "Sugar", "Salt"])
    expect(page.locator("#bars .label")).to_have_text(["red", "white"])
    expect(page.locator("#picture")).to_be_hidden()
    page.get_by_role("button", name="white").click()
    expect(page.locator("#answer strong")).to_have_text("white")


def test_a_page_without_a_model_says_why_and_waits_for_it(
    start, publish, visit, iris_bytes
):
    page = visit(start(follow_seconds=0).url)
    expect(page.get_by_role("status")).to_contain_text("No model is loaded")
    expect(page.locator("#main")).to_be_hidden()

    publish(iris_bytes, "3")

    expect(page.locator("#answer strong")).to_be_visible()
    expect(page.locator("#notice")).to_be_hidden()


def test_a_stop_and_the_return_of_the_service_are_noticed(filled, start, visit):
    server = filled()
    page = visit(server.url)
    fill(page, VIRGINICA)
    expect(page.locator("#answer strong")).to_have_text("virginica")

    server.stop()
    expect(page.get_by_role("status")).to_contain_text("is not responding")
    expect(page.locator("#answer")).to_contain_text("No prediction")
    page.get_by_label("Petal length").first.fill("5.9")
    start(follow_seconds=0, workers=1, port=server.port)

    expect(page.locator("#answer strong")).to_have_text("virginica")
    expect(page.locator("#notice")).to_be_hidden()


def test_page_works_without_a_picture_that_cannot_be_loaded(serve, visit):
    page = visit("about:blank")
    page.route("**/pictures/*.js", lambda route: route.abort())

    page.goto(serve().url)

    expect(page.locator("#answer strong")).to_be_visible()
    expect(page.locator("#picture")).to_be_hidden()


def test_a_change_during_an_outage_is_announced(
    filled, start, publish, visit, build_iris
):
    server = filled()
    page = visit(server.url)
    server.stop()
    expect(page.locator("#notice")).to_contain_text("is not responding")

    publish(build_iris(C=0.1), "4")
    start(follow_seconds=0, workers=1, port=server.port)

    expect(page.locator("#notice")).to_contain_text("from version 3 to version 4")
