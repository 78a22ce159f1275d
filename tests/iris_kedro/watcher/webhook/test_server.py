import http.client
import socket

import pytest
from flask import Flask

from iris_kedro.errors import ProjectError
from iris_kedro.watcher.webhook import server as server_module
from iris_kedro.watcher.webhook.server import Handler, Server


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


def test_it_answers(server):
    assert get(server) == b"there"


def test_it_answers_while_others_are_silent(server):
    silent = [socket.create_connection(server.server_address) for _ in range(5)]

    assert get(server) == b"there"

    for each in silent:
        each.close()


def test_a_silent_client_is_closed(server, monkeypatch):
    monkeypatch.setattr(Handler, "timeout", 0.1)

    with socket.create_connection(server.server_address, timeout=30) as silent:
        assert silent.recv(1) == b""


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
