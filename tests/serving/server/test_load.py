"""The autoscaler's metric: the average number of requests that wait or are handled."""

import json
import time
from contextlib import ExitStack

import pytest

pytestmark = pytest.mark.slow

SECONDS = "flask_http_request_duration_seconds_sum"


@pytest.mark.parametrize(("clients", "rounds"), [(1, 100), (50, 10)])
def test_the_average_number_of_requests_shows_the_load(
    server, wire, setosa, clients, rounds
):
    body = json.dumps(setosa)
    request = (
        "POST /predict HTTP/1.1\r\nHost: iris\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
    before, start = server.metric(SECONDS, route="/predict"), time.perf_counter()

    with ExitStack() as stack:
        opened = [stack.enter_context(wire.connect(server)) for _ in range(clients)]
        for _ in range(rounds):
            for client in opened:
                client.sendall(request)
            assert {wire.read(client).status for client in opened} == {200}

    seconds = time.perf_counter() - start
    average = (server.metric(SECONDS, route="/predict") - before) / seconds
    assert (average > 1) is (clients > 1), average
