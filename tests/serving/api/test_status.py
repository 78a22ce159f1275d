"""Route /status: how the model is doing."""

import errno

import pytest

from serving.model.store import Store

RARE = {"sepal_length": 5.1, "sepal_width": 3.5, "petal_length": 20, "petal_width": 0.2}
HISTORY = {
    "versions": [{"version": "3", "aliases": ["Production"]}],
    "events": [{"action": "rollback", "to": "3"}],
    "hold": {"action": "rollback", "by": "ada"},
    "monitoring": {"verdict": "quiet", "version": "3"},
    "trial": {"version": "4", "reason": "too few rows"},
}


@pytest.fixture(autouse=True)
def no_cache(monkeypatch):
    monkeypatch.setattr("serving.monitoring.figures.CACHE_SECONDS", 0)


@pytest.fixture
def publish_history(config):
    def publish(history=HISTORY):
        store = Store(config.store)
        store.folder.mkdir(parents=True, exist_ok=True)
        store.write_history(history)

    return publish


def refresh(client):
    """Read the store, as a thread does four times a second."""
    client.application.extensions["serving"].current.refresh()


def test_status_counts_predictions_and_rows_out_of_range(client, setosa):
    for row in (setosa, setosa, RARE):
        client.post("/predict", json=row)

    traffic = client.get("/status").json["traffic"]

    assert traffic["rows"] == 3
    assert traffic["classes"]["setosa"] == 2
    assert sum(traffic["classes"].values()) == 3
    assert traffic["out_of_range_rows"] == 1
    assert traffic["out_of_range"] == {"petal_length": 1}


def test_status_of_a_new_service_is_complete(client):
    status = client.get("/status").json

    assert status["model"]["version"] == "3"
    assert status["traffic"]["rows"] == 0
    assert status["feedback"] == {
        "enabled": False,
        "reason": "IRIS_DATABASE_URL is not set.",
    }
    nothing = ["monitoring", "canary", "hold", "versions", "events", "registry"]
    assert {name: status[name] for name in nothing} == dict.fromkeys(nothing)


def test_status_has_accuracy_with_an_interval(
    make_app, iris, store_predictions, sqlite_url
):
    rows = [(f"{number:032x}", 0, "setosa") for number in range(10)]
    store_predictions(sqlite_url, *rows)
    client = make_app(iris, database_url=sqlite_url).test_client()
    before = client.get("/status").json["feedback"]

    for number, (prediction_id, _, _) in enumerate(rows):
        label = "setosa" if number else "virginica"
        item = {"prediction_id": prediction_id, "label": label}
        assert client.post("/feedback", json=item).status_code == 200

    assert before == {"enabled": True, "labels": 0, "correct": 0}
    feedback = client.get("/status").json["feedback"]
    assert (feedback["labels"], feedback["correct"]) == (10, 9)
    assert feedback["accuracy"] == 0.9
    # statsmodels: proportion_confint(9, 10, method="wilson")
    assert (feedback["low"], feedback["high"]) == pytest.approx(
        (0.59585, 0.98212), abs=1e-5
    )


def test_status_passes_on_the_history(client, publish_history):
    publish_history()
    refresh(client)

    status = client.get("/status").json

    for name in ("versions", "events", "hold", "monitoring"):
        assert status[name] == HISTORY[name]
    assert status["canary"] is None


@pytest.mark.parametrize(("version", "is_shown"), [("4", True), ("5", False)])
def test_status_of_a_canary_has_the_evidence_about_it(
    client, publish_history, load, build_iris, setosa, version, is_shown
):
    publish_history()
    refresh(client)
    canary = load(
        build_iris(C=0.1), version, alias="Canary", tags={"canary_share": "0.5"}
    )
    partner = client.application.extensions["serving"].partner
    partner.swap(canary)
    for number in range(20):
        client.post("/predict", json=setosa, headers={"X-Canary-Key": str(number)})

    found = client.get("/status").json["canary"]

    assert (found["version"], found["share"]) == (version, 0.5)
    assert 0 < found["rows"] == found["agreed"] < 20
    assert found["evidence"] == (HISTORY["trial"] if is_shown else None)


def test_status_says_that_the_registry_is_unreachable(client, config):
    away = {"reachable": False, "unreachable_since": 1_800_000_100.0}
    Store(config.store).write_report(away)
    refresh(client)

    assert client.get("/status").json["registry"] == {
        "reachable": False,
        "last_seen": None,
        "unreachable_since": "2027-01-15T08:01:40Z",
    }


def test_unchanged_status_is_not_sent_again(client, setosa):
    tag = client.get("/status").headers["ETag"]
    same = client.get("/status", headers={"If-None-Match": tag})
    client.post("/predict", json=setosa)
    other = client.get("/status", headers={"If-None-Match": tag})

    assert (same.status_code, same.data) == (304, b"")
    assert other.status_code == 200


def test_figures_are_cached(client, setosa, monkeypatch):
    monkeypatch.setattr("serving.monitoring.figures.CACHE_SECONDS", 60)
    client.get("/status")
    client.post("/predict", json=setosa)

    assert client.get("/status").json["traffic"]["rows"] == 0


def test_status_needs_a_model(make_app):
    assert make_app().test_client().get("/status").status_code == 503


def test_status_requires_a_key_if_keys_are_configured(make_app, iris, write_keys):
    client = make_app(iris, api_keys_file=write_keys("secret")).test_client()

    assert client.get("/status").status_code == 401
    slashes = {"PATH_INFO": "//status"}
    assert client.get("/", environ_overrides=slashes).status_code == 401
    assert client.get("/status", headers={"X-API-Key": "secret"}).status_code == 200
    operation = client.get("/openapi.json").json["paths"]["/status"]["get"]
    assert operation["security"] == [{"bearer": []}, {"header": []}]


def test_status_ignores_a_damaged_history(client, config, publish_history):
    publish_history()
    refresh(client)
    file = Store(config.store).folder / "history.json"
    file.write_text("{")
    refresh(client)

    assert client.get("/status").json["versions"] is None


def test_a_history_that_cannot_be_read_is_kept_and_read_again(
    client, publish_history, monkeypatch
):
    def fail(_):
        raise OSError(errno.EIO, "Input/output error")

    client.application.extensions["serving"].stop()  # its thread would refresh, too
    publish_history()
    refresh(client)
    publish_history(HISTORY | {"versions": []})
    with monkeypatch.context() as patch:
        patch.setattr("serving.model.store.store.read_json", fail)
        refresh(client)

    assert client.get("/status").json["versions"] == HISTORY["versions"]
    refresh(client)
    assert client.get("/status").json["versions"] == []


def test_another_version_has_its_own_figures(client, setosa, load, iris_bytes):
    client.post("/predict", json=setosa)
    current = client.application.extensions["serving"].current

    current.swap(load(iris_bytes, "9"))

    assert client.get("/status").json["traffic"]["rows"] == 0
