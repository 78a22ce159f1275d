"""Swagger UI at /docs under its Content-Security-Policy."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_request_can_be_tried_out(serve, visit, picture):
    page = visit(f"{serve().url}/docs")

    operation = page.locator("#operations-Predictions-post_predict")
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()

    answer = operation.locator(".live-responses-table .response")
    expect(answer.locator(".response-col_status")).to_contain_text("200")
    expect(answer).to_contain_text("probabilities")
    picture(page, "docs")
