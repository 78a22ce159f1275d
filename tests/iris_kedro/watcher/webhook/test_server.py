import http.client
import re
import socket
import subprocess
from pathlib import Path

import pytest
from flask import Flask, request

from iris_kedro.errors import ProjectError
from iris_kedro.watcher.webhook import server as server_module
from iris_kedro.watcher.webhook.server import Handler, Server

PAGE = Path(__file__).parents[4] / "docs/how-to/retrain.md"


@pytest.fixture
def app():
    app = Flask(__name__)
    app.get("/")(lambda: "there")
    return app


@pytest.fixture
def server(app):
    server = Server("127.0.0.1", 0, app)
    server.start()
    yield server
    server.stop()


def get(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.request("GET", "/")
    with connection.getresponse() as response:
        return response.read()


def test_server_answers_while_other_clients_are_idle(server):
    silent = [socket.create_connection(server.server_address) for _ in range(5)]

    assert get(server) == b"there"

    for each in silent:
        each.close()


def test_idle_connection_is_closed(server, monkeypatch):
    monkeypatch.setattr(Handler, "timeout", 0.1)

    with socket.create_connection(server.server_address, timeout=30) as silent:
        assert silent.recv(1) == b""


def test_slow_connection_is_closed(app, monkeypatch):
    monkeypatch.setattr(server_module, "CONNECTIONS", 1)
    monkeypatch.setattr(server_module, "LONGEST_SECONDS", 0.5)
    server = Server("127.0.0.1", 0, app)
    server.start()

    with socket.create_connection(server.server_address, timeout=30) as slow:
        slow.settimeout(0.05)
        is_open = True
        while is_open:
            try:
                slow.sendall(b"x")
                is_open = bool(slow.recv(1))
            except TimeoutError:
                continue
            except OSError:
                is_open = False

    assert get_when_free(server) == b"there"
    server.stop()


def get_when_free(server):
    while True:
        try:
            return get(server)
        except (http.client.RemoteDisconnected, ConnectionResetError):
            continue


def test_invalid_requests_do_not_fill_the_log(server, capfd):
    with socket.create_connection(server.server_address, timeout=30) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n")
        assert b" 431 " in client.recv(100)
    get(server)

    assert capfd.readouterr() == ("", "")


def test_connections_are_limited(app, monkeypatch):
    monkeypatch.setattr(server_module, "CONNECTIONS", 1)
    server = Server("127.0.0.1", 0, app)
    server.start()
    with socket.create_connection(server.server_address):
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            get(server)
    server.stop()


def test_an_address_in_use_is_named(app):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(ProjectError, match=f"127.0.0.1:{port}"):
            Server("127.0.0.1", port, app)


def test_command_of_the_documentation_is_understood(app, server):
    @app.post("/trigger")
    def trigger():
        return {"token": request.authorization.token, **request.json}, 202

    command = re.search(r"\$ (curl .*?\n.*?)\n\{", PAGE.read_text(), re.DOTALL)[1]
    answer = subprocess.run(
        ["/bin/sh", "-c", command.replace("8001", str(server.server_port))],
        env={"IRIS_WATCHER_TOKEN": "secret", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert '"token":"secret"' in answer
    assert '"reason":"the price list has changed"' in answer
