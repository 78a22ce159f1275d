"""The autoscaler's metric: the average number of requests that wait or are handled."""

import json
import time
from contextlib import ExitStack

import pytest

pytestmark = pytest.mark.slow

SECONDS = "flask_http_request_duration_seconds_sum"


def test_the_average_number_of_requests_shows_the_load(server, wire, setosa):
    body = json.dumps(setosa)
    request = (
        "POST /predict HTTP/1.1\r\nHost: iris\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()

    def measure(clients: int, rounds: int) -> float:
        """Return the average number of requests during rounds of one per client."""
        before, start = server.metric(SECONDS, route="/predict"), time.perf_counter()
        with ExitStack() as stack:
            opened = [stack.enter_context(wire.connect(server)) for _ in range(clients)]
            for _ in range(rounds):
                for client in opened:
                    client.sendall(request)
                assert {wire.read(client).status for client in opened} == {200}
        seconds = time.perf_counter() - start
        return (server.metric(SECONDS, route="/predict") - before) / seconds

    one, many = measure(1, 100), measure(50, 10)

    assert one <= 1
    assert many > 2 * one
