"""How the model is doing, and its versions: with a real service and its database."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from serving.model.store import CURRENT, PARTNER, Store
from tests.serving.web.browser.actions import VIRGINICA, fill
from tests.serving.web.browser.screens import SCREENS

pytestmark = [pytest.mark.browser, pytest.mark.slow]

KEY = "correct horse battery staple"
NOW = "2026-11-27T10:00:00+00:00"
EVENT = dict.fromkeys(("to", "origin", "version", "share"))
RELEASE = EVENT | {"at": NOW, "action": "release", "by": "ada", "to": "3", "reason": ""}
STOP = EVENT | {
    "at": NOW,
    "action": "canary stop",
    "by": "watcher",
    "version": "4",
    "reason": "version 4 is worse",
}
HISTORY = {
    "versions": [
        {
            "version": number,
            "created_at": NOW,
            "aliases": ["Production"] if number == "3" else [],
            "candidate": "random_forest",
            "verdict": "better" if number == "3" else "worse",
            "reasons": [f"reason of version {number}"],
            "note": None,
            "metrics": {"accuracy": 0.95, "log_loss": 0.1},
        }
        for number in ("9", "8", "7", "6", "5", "4", "3")
    ],
    "events": [STOP, RELEASE],
    "hold": EVENT | {"at": NOW, "action": "rollback", "by": "ada", "reason": "bad"},
    "monitoring": {
        "version": "3",
        "as_of": NOW,
        "verdict": "data drift",
        "reasons": ["petal_length has drifted", "no labels"],
        "rows": 1234,
        "threshold": 5.0,
        "features": 40,
        "drift": [
            {"feature": f"feature_{place}", "log_e": log_e, "effect": 0.2}
            | {"drifts": place == 0}
            for place, log_e in enumerate([12.0, 6.0, *[-2.0] * 10])
        ],
    },
    "trial": {
        "version": "4",
        "at": NOW,
        "action": "wait",
        "reason": "20 of 500 rows at 25%",
        "threshold": 100.0,
        "figures": {
            "labelled": 20,
            "accuracy": 0.9,
            "other_accuracy": 0.95,
            "e_worse": 10.0,
            "e_not_worse": 1.0,
        },
    },
}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store")


@pytest.fixture
def run_canary(store, build_iris, describe):
    """Publish version 4 as the canary."""
    content = build_iris(C=0.1)
    canary = replace(
        describe(content, "4"), alias="Canary", tags={"canary_share": "0.25"}
    )
    publish(store, PARTNER, content, canary)


def publish(store, role, content, version):
    with store.incoming() as folder:
        (folder / "model.onnx").write_bytes(content)
        store.publish(role, folder / "model.onnx", version)


def tile(page, title):
    return page.get_by_role("article").filter(
        has=page.get_by_role("heading", name=title)
    )


def test_feedback_changes_the_live_accuracy(filled, visit, sqlite_url):
    page = visit(filled(database_url=sqlite_url).url)
    expect(tile(page, "Live accuracy")).to_contain_text("No labels yet")

    fill(page, VIRGINICA)
    expect(page.locator("#answer strong")).to_have_text("virginica")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#feedback-note")).to_contain_text("Thank you")

    expect(tile(page, "Live accuracy")).to_contain_text("100.0 %")
    expect(tile(page, "Live accuracy")).to_contain_text(
        "1 of 1 row correct by their first label since the service started"
    )
    expect(tile(page, "Live accuracy")).to_contain_text(
        "95 % interval: 20.7 % to 100.0 %"
    )


def test_traffic_and_values_out_of_range_are_counted(page):
    fill(page, (5.9, 2.9, 9.5, 1.5))

    expect(tile(page, "Out of range")).to_contain_text("petal length (")
    expect(tile(page, "Predictions")).to_contain_text("virginica")


def test_disabled_parts_say_why(page):
    expect(tile(page, "Live accuracy")).to_contain_text("IRIS_DATABASE_URL is not set")
    expect(tile(page, "Monitoring verdict")).to_contain_text("Not checked yet")
    expect(page.locator("#versions")).to_contain_text("does not follow a registry")
    for name in ("#hold", "#canary", "#drift", "#status-note"):
        expect(page.locator(name)).to_be_hidden()


def test_commands_name_the_environment(start, store, iris_bytes, describe, visit):
    tags = {"reproduce": "kedro run --env penguins --params data_science.force=true"}
    version = replace(describe(iris_bytes, "3"), tags=tags)
    publish(store, CURRENT, iris_bytes, version)
    store.write_history(HISTORY | {"monitoring": None})
    page = visit(start(follow_seconds=0, workers=1).url)

    verdict = tile(page, "Monitoring verdict")
    expect(verdict).to_contain_text("kedro run --pipelines monitoring --env penguins")
    expect(verdict).to_contain_text("kedro watch --env penguins.")
    expect(page.locator("#hold")).to_contain_text("kedro model resume --env penguins")


def test_versions_are_a_time_line_with_their_events(filled, store, visit):
    store.folder.mkdir()
    store.write_history(HISTORY)
    page = visit(filled().url)
    versions = page.locator(".timeline > li")

    expect(versions.filter(visible=True)).to_have_count(5)
    expect(versions.first).to_contain_text("Version 9")
    page.get_by_text("2 earlier versions").click()
    expect(versions.last).to_contain_text("Released to Production")
    expect(versions.last).to_contain_text("Gate: better – reason of version 3")
    expect(versions.nth(5)).to_contain_text("Stopped as the canary")
    expect(versions.nth(5)).to_contain_text("by watcher: version 4 is worse")

    store.write_history(HISTORY | {"hold": None})

    expect(page.locator("#hold")).to_be_hidden()
    expect(versions.last).to_be_visible()  # what was opened stays open


def test_hold_and_drift_are_shown(filled, store, visit):
    store.folder.mkdir()
    store.write_history(HISTORY)
    page = visit(filled().url)

    expect(page.locator("#hold")).to_contain_text("on hold after a rollback by ada")
    expect(page.locator(".timeline > li.serving h3")).to_contain_text("Version 3")
    verdict = tile(page, "Monitoring verdict")
    expect(verdict).to_contain_text("data drift")
    expect(verdict).to_contain_text("1,234 predictions")
    drift = page.locator(".drift tbody tr")
    expect(drift.filter(visible=True)).to_have_count(8)
    expect(drift.nth(0)).to_contain_text("240.0 % of the threshold")
    expect(drift.nth(0)).to_contain_text("drifts")
    expect(drift.nth(1)).to_contain_text("small change")
    expect(drift.nth(2)).to_contain_text("no drift")
    expect(page.locator("#drift")).to_contain_text("28 inputs with less evidence")

    few = HISTORY["monitoring"] | {"verdict": "too few rows"}
    store.write_history(HISTORY | {"monitoring": few})

    expect(page.locator("#drift")).to_be_hidden()


def without(part, *names):
    return {name: value for name, value in part.items() if name not in names}


@pytest.fixture
def open_status(serve, visit):
    """Return a function that opens the page with another status."""

    def open_status(**changes):
        server = serve()
        status = server.get("/status").json() | changes
        page = visit("about:blank")
        page.route("**/status", lambda route: route.fulfill(json=status))
        page.goto(server.url)
        return page

    return open_status


def test_an_incomplete_report_shows_what_it_has(open_status):
    for missing, shown in [
        (["reasons"], ["data drift", "1,234 predictions"]),
        (["rows", "version"], ["data drift", "Predictions, as of"]),
        (["verdict"], ["petal_length has drifted", "1 more finding"]),
        (["drift", "threshold", "features", "as_of"], ["1,234 predictions."]),
    ]:
        monitoring = without(HISTORY["monitoring"], *missing)
        history = {name: HISTORY[name] for name in ("versions", "events")}
        page = open_status(monitoring=monitoring, **history)

        for text in shown:
            expect(tile(page, "Monitoring verdict")).to_contain_text(text)
        expect(page.locator("#drift")).to_be_visible(visible="drift" not in missing)
        expect(page.locator(".timeline > li").first).to_be_visible()


def test_incomplete_evidence_of_a_canary_shows_what_it_has(open_status):
    canary = {"version": "4", "share": 0.25, "rows": 0, "agreed": 0}
    for missing in ("figures", "threshold", "action"):
        evidence = without(HISTORY["trial"], missing)
        shown = open_status(canary=canary | {"evidence": evidence}).locator("#canary")

        expect(shown).to_contain_text("version 4 answers 25 % of the requests")
        expect(shown).to_contain_text(
            "No evidence yet" if missing == "action" else "20 of 500 rows at 25%"
        )
        expect(shown).not_to_contain_text("undefined")
        expect(shown).not_to_contain_text("NaN")


def test_canary_is_shown_with_its_share_and_evidence(filled, store, visit, run_canary):
    store.write_history(HISTORY)
    page = visit(filled().url)
    canary = page.locator("#canary")

    expect(canary).to_contain_text("version 4 answers 25 % of the requests")
    expect(canary).to_contain_text("90.0 %, Production 95.0 % (20 labels)")
    expect(canary).to_contain_text("50.0 % of what is needed")
    expect(canary).to_contain_text("20 of 500 rows at 25%")

    store.withdraw(PARTNER)

    expect(canary).to_be_hidden()


def test_unreachable_registry_is_a_warning(filled, store, visit):
    store.folder.mkdir()
    store.write_report({"reachable": False, "unreachable_since": 1_800_000_000.0})
    page = visit(filled().url)

    expect(page.locator("#status-note")).to_contain_text("has been unreachable for")
    expect(page.locator("#answer strong")).to_be_visible()


def test_refused_version_is_named(open_status):
    refusal = {"role": "current", "version": "4", "reason": "it is damaged."}
    registry = {"reachable": True, "last_refusal": refusal}

    page = open_status(registry=registry)

    expect(page.locator("#status-note")).to_have_text(
        "Version 4 of the registry was refused: it is damaged. Version 3 is served."
    )


def test_refused_shadow_is_no_warning(open_status):
    refusal = {"role": "shadow", "version": "4", "reason": "it is damaged."}
    registry = {"reachable": True, "last_refusal": refusal}

    page = open_status(registry=registry)

    expect(tile(page, "Predictions")).to_be_visible()
    expect(page.locator("#status-note")).to_be_hidden()


def test_version_that_is_served_is_marked_whatever_its_alias(open_status):
    versions = [each | {"aliases": []} for each in HISTORY["versions"]]

    page = open_status(versions=versions, events=[])

    expect(page.locator(".timeline > li.serving h3")).to_have_text("Version 3")


def test_panel_that_has_not_changed_keeps_the_focus(open_status):
    history = {name: HISTORY[name] for name in ("versions", "events")}
    page = open_status(**history)
    summary = page.locator("#versions summary")
    summary.click()
    marked = page.locator("#versions .timeline > li").first.evaluate_handle(
        "item => { item.marked = true; return item; }"
    )

    page.unroute("**/status")
    page.route(
        "**/status",
        lambda route: route.fulfill(
            json=route.fetch().json() | history | {"since": NOW}
        ),
    )

    expect(tile(page, "Predictions")).to_contain_text("since the service started")
    assert marked.evaluate("item => item.marked && item.isConnected")
    expect(summary).to_be_focused()


def test_silent_follower_is_explained(filled, store, visit):
    store.folder.mkdir()
    store.write_report(
        {"reachable": True, "last_seen": 1_700_000_000.0}
        | {"reported_at": 1_700_000_000.0, "next_report_seconds": 1.0}
    )
    page = visit(filled().url)

    expect(page.locator("#status-note")).to_contain_text(
        "registry is unknown: the follower has not reported since 2023-11-14T22:13:20Z"
    )


def test_figures_require_the_key_too(filled, open_page, write_keys):
    page = open_page(filled(api_keys_file=write_keys(KEY)).url)
    expect(page.locator("#status-note")).to_contain_text("require an API key")
    expect(page.locator("#versions")).to_have_text("Not available yet.")

    page.get_by_label("API key").fill(KEY)
    page.get_by_role("button", name="Use key").click()

    expect(tile(page, "Predictions")).to_be_visible()
    expect(page.locator("#status-note")).to_be_hidden()


def test_missing_figures_do_not_disturb_predictions(page):
    page.route("**/status", lambda route: route.fulfill(status=500, json={}))
    page.reload()

    expect(page.locator("#status-note")).to_contain_text("not available")
    expect(page.locator("#answer strong")).to_be_visible()


@pytest.mark.parametrize(("name", "settings"), SCREENS)
def test_the_status_passes_the_accessibility_checks(
    filled, store, visit, run_canary, find_barriers, picture, name, settings
):
    store.write_history(HISTORY)
    server = filled(database_url=f"sqlite:///{store.folder.parent / 'predictions.db'}")
    page = visit(server.url, reduced_motion="reduce", **settings)
    expect(page.locator(".timeline > li").first).to_be_visible()
    expect(page.locator(".effects")).to_be_visible()
    for summary in page.locator("#now summary, #history summary").all():
        summary.click()

    picture(page, f"status-{name}", full_page=True)

    assert find_barriers(page) == []
    width = settings["viewport"]["width"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
