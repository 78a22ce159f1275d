"""The measurement of CPU time, with an application that does nothing."""

import pytest

BODY = b'{"age": null}'


@pytest.fixture
def answer():
    """Make an ASGI application that returns a status and records its calls."""

    def make(status):
        async def application(scope, receive, send):
            application.calls.append((scope["path"], (await receive())["body"]))
            await send({"type": "http.response.start", "status": status})

        application.calls = []
        return application

    return make


def test_cpu_time_is_per_request(benchmark, answer):
    application = answer(200)

    figures = benchmark.cpu.measure(application, BODY, repetitions=2, requests=10)

    assert 0 < figures.request < figures.bare_flask < 100_000
    assert len(application.calls) == benchmark.cpu.WARM_UP + 20
    assert set(application.calls) == {("/predict", BODY)}


def test_only_successful_responses_are_measured(benchmark, answer):
    with pytest.raises(RuntimeError, match="422"):
        benchmark.cpu.measure(answer(422), BODY)


def test_bare_view_responds(benchmark):
    app = benchmark.cpu.create_bare_flask()

    assert app.test_client().post("/predict", data=BODY).data == b"{}"
