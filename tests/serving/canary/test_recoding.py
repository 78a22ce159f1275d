"""Rows for a canary whose columns have other categories or ranges."""

import numpy as np
import pytest

from tests.serving.canary.keyed_requests import CANARY, scrape
from tests.serving.fixtures.contracts import change_ports


@pytest.fixture
def passenger() -> dict:
    return {"age": 8, "siblings": 1, "alone": False, "port": "C", "deck": "2"}


@pytest.fixture
def make_passengers(make_canary, passengers, passengers_bytes):
    """Serve passengers, with a canary that has other categories of the port."""

    def make_passengers(*categories):
        return make_canary("1", change_ports(passengers_bytes, *categories), passengers)

    return make_passengers


def test_rows_are_recoded_for_a_canary_with_another_order(
    make_passengers, passenger, observe
):
    app = make_passengers("S", "never seen", "C", "Q")
    seen = observe(app)

    answer = app.test_client().post("/predict", json=passenger).json

    [observation] = seen
    assert answer["model"]["version"] == CANARY
    assert observation.rows[0, 3] == 2
    # The same graph with another order, so the prediction must be the same.
    np.testing.assert_array_equal(
        observation.prediction.probabilities, observation.other.prediction.probabilities
    )
    show = observation.model.contract.show_row
    assert show(observation.rows[0]) == passenger


def test_production_predicts_rows_that_the_canary_cannot_encode(
    make_passengers, passenger, passengers, observe
):
    app = make_passengers("C", "Q", "S", "never seen", "Belfast")
    client, seen = app.test_client(), observe(app)
    known, unknown = passenger, passenger | {"port": "Belfast"}

    def send(*rows) -> str:
        answer = client.post("/predict/batch", json={"instances": rows}).json
        return answer["model"]["version"]

    assert send(known, known) == CANARY
    assert send(known, unknown) == passengers.version.version

    assert seen[1].model is passengers
    assert (seen[1].arm, seen[1].other) == ("canary", None)
    assert 'serving_dropped_rows_total{observer="partner"} 2.0' in scrape(app)


def test_requests_are_validated_by_production_alone(make_canary, with_length, setosa):
    client = make_canary("1", with_length(maximum=50.0)).test_client()

    answer = client.post("/predict", json=setosa | {"sepal_length": 40})

    assert answer.status_code == 422
