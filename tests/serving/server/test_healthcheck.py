import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from functools import partial

import pytest
from werkzeug.serving import make_server

from serving.model.store import FollowerReport, Store
from serving.server import healthcheck


@pytest.fixture
def serve():
    """Serve applications on ports of this machine; return their addresses."""
    servers = []

    def serve(app, host="127.0.0.1") -> str:
        servers.append(make_server(host, 0, app, threaded=True))
        poll = partial(servers[-1].serve_forever, poll_interval=0.01)
        threading.Thread(target=poll, daemon=True).start()
        return f"{host}:{servers[-1].port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_service_with_a_model_is_live_and_ready(serve, make_app, iris):
    address = serve(make_app(iris))

    assert healthcheck.check_service(address, "live") is None
    assert healthcheck.check_service(address, "ready") is None


def test_a_service_without_a_model_is_live_but_not_ready(serve, make_app):
    address = serve(make_app())

    assert healthcheck.check_service(address, "live") is None
    assert "No model is loaded" in healthcheck.check_service(address, "ready")


def test_a_service_on_all_addresses_is_checked_on_loopback(serve, make_app):
    _, _, port = serve(make_app()).rpartition(":")

    assert healthcheck.check_service(f"0.0.0.0:{port}", "live") is None


def test_no_response_is_an_error():
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"

    assert "does not respond" in healthcheck.check_service(address, "live")


def test_the_command_checks_the_configured_address(serve, make_app, monkeypatch):
    monkeypatch.setenv("IRIS_BIND", serve(make_app()))

    for arguments, status in ([], None), (["ready"], "No model is loaded"):
        monkeypatch.setattr("sys.argv", ["healthcheck", *arguments])
        with pytest.raises(SystemExit) as ended:
            healthcheck.main()
        assert ended.value.code is status or status in ended.value.code


@pytest.fixture
def report(tmp_path):
    """Write the report of a follower that is some seconds old."""

    def report(age: float) -> None:
        reported_at = time.time() - age
        Store(tmp_path).write_report(
            FollowerReport(reported_at=reported_at, next_report_seconds=75.0)
        )

    return report


def test_a_follower_that_reports_is_healthy(report, tmp_path):
    report(5)

    assert healthcheck.check_follower(tmp_path) is None


@pytest.mark.parametrize(
    ("age", "reason"), [(200, "last reported 200 s ago"), (-900, "ahead of the clock")]
)
def test_a_silent_follower_is_unhealthy(report, tmp_path, age, reason):
    report(age)

    assert reason in healthcheck.check_follower(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"reported_at": null}'])
def test_without_a_report_there_is_no_follower(tmp_path, content):
    if content is not None:
        (tmp_path / "registry.json").write_bytes(content)

    assert "no follower has used" in healthcheck.check_follower(tmp_path)


LOADED = """
import atexit, json, sys
from serving.server.healthcheck import main
atexit.register(lambda: print(json.dumps(sorted(sys.modules))))
main()
"""


def test_the_check_of_the_follower_is_cheap(report, tmp_path):
    report(5)

    result = subprocess.run(
        [sys.executable, "-c", LOADED, "follower"],
        env=os.environ | {"IRIS_STORE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert '"serving.model.freshness"' in result.stdout
    assert not {'"numpy"', '"onnxruntime"', '"flask"'} & set(result.stdout.split(", "))
