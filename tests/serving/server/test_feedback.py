"""Feedback through several worker processes, of both kinds."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

pytestmark = pytest.mark.slow

ROWS = 60


@pytest.mark.parametrize("worker_class", ["asyncio", "gthread"])
def test_each_row_counts_once_in_any_worker(
    filled, store_predictions, read_feedback, worker_class, sqlite_url
):
    store_predictions(sqlite_url, *[(f"id-{i}", 0, "setosa") for i in range(ROWS)])
    server = filled(worker_class=worker_class, workers=2, database_url=sqlite_url)

    def give(number: int) -> int:
        """Send feedback until it is accepted; a busy database causes 503."""
        item = {"prediction_id": f"id-{number % ROWS}", "label": "setosa"}
        while True:
            answer = requests.post(f"{server.url}/feedback", json=item, timeout=30)
            if answer.status_code != 503:
                return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(give, range(3 * ROWS)))

    assert set(statuses) == {200}
    assert set(read_feedback(sqlite_url).values()) == {"setosa"}
    counted = server.metric("serving_feedback_total", version="3", label="setosa")
    assert counted == ROWS
    assert server.metric("serving_feedback_corrections_total") == 0
