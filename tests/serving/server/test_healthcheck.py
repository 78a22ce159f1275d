import socket
import threading
from contextlib import closing

import pytest
from werkzeug.serving import make_server

from serving.server import healthcheck


@pytest.fixture
def serve():
    """Serve applications on ports of this machine; return their addresses."""
    servers = []

    def serve(app, host="127.0.0.1") -> str:
        servers.append(make_server(host, 0, app, threaded=True))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return f"{host}:{servers[-1].port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_service_with_a_model_lives_and_is_ready(serve, make_app, iris):
    address = serve(make_app(iris))

    assert healthcheck.ask(address, "live") is None
    assert healthcheck.ask(address, "ready") is None


def test_a_service_without_a_model_lives_but_is_not_ready(serve, make_app):
    address = serve(make_app())

    assert healthcheck.ask(address, "live") is None
    assert "No model is loaded" in healthcheck.ask(address, "ready")


def test_a_service_on_all_addresses_is_asked_on_its_own(serve, make_app):
    _, _, port = serve(make_app()).rpartition(":")

    assert healthcheck.ask(f"0.0.0.0:{port}", "live") is None


def test_silence_is_an_error(monkeypatch):
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{listener.getsockname()[1]}"

    assert "does not answer" in healthcheck.ask(address, "live")


def test_the_command_asks_where_the_service_listens(serve, make_app, monkeypatch):
    monkeypatch.setenv("IRIS_BIND", serve(make_app()))

    for arguments, status in ([], None), (["ready"], "No model is loaded"):
        monkeypatch.setattr("sys.argv", ["healthcheck", *arguments])
        with pytest.raises(SystemExit) as ended:
            healthcheck.main()
        assert ended.value.code is status or status in ended.value.code
