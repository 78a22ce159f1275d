import os
import pty
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from serving.config import Config
from serving.server import announcement

SERVER = 7  # a process id


class Ready(BaseHTTPRequestHandler):
    """A service that is ready to predict."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def ready(monkeypatch):
    """Return the address of a service that is ready to predict."""
    with HTTPServer(("127.0.0.1", 0), Ready) as server:
        Thread(target=server.serve_forever).start()
        address = f"127.0.0.1:{server.server_port}"
        monkeypatch.setenv("IRIS_BIND", address)
        yield address
        server.shutdown()


@pytest.fixture
def store(tmp_path, monkeypatch):
    """Return the folder of a store that is empty."""
    monkeypatch.setenv("IRIS_STORE", str(tmp_path))
    return tmp_path


@pytest.fixture
def announce(monkeypatch, capfd):
    """Announce until the server is gone, some looks later; return what was written."""
    monkeypatch.setattr("sys.argv", ["announcement", str(SERVER)])
    monkeypatch.setattr(announcement, "POLL_SECONDS", 0)
    monkeypatch.setattr(announcement, "SETTLE_SECONDS", 0)
    handler = signal.getsignal(signal.SIGINT)

    def announce(looks: int) -> str:
        parents = iter([SERVER] * looks + [1])
        monkeypatch.setattr("os.getppid", lambda: next(parents))
        announcement.main()
        return capfd.readouterr().err

    yield announce
    signal.signal(signal.SIGINT, handler)


def test_service_is_announced_on_the_terminal(ready, store):
    (store / "current.json").write_text("{}")
    terminal, other_end = pty.openpty()
    command = [sys.executable, "-m", announcement.__name__, str(os.getpid())]
    root = Path(__file__).parents[3]

    subprocess.run(command, cwd=root, stderr=other_end, timeout=60, check=True)

    line = os.read(terminal, 1000).decode()
    assert line == f"Serving iris on http://{ready} (stop with kill {os.getpid()})\r\n"


def test_service_in_the_foreground_is_stopped_by_ctrl_c(monkeypatch):
    monkeypatch.setattr(announcement, "is_in_foreground", lambda: True)

    line = announcement.describe_service(Config(model_name="wine"), SERVER)

    assert line == "Serving wine on http://127.0.0.1:8000 (stop with Ctrl-C)"


def test_service_without_a_model_is_not_announced(ready, store, announce):
    assert announce(looks=3) == ""


def test_service_that_does_not_answer_is_not_announced(store, announce, monkeypatch):
    (store / "current.json").write_text("{}")
    monkeypatch.setattr(announcement, "ask", lambda *_: "does not answer")

    assert announce(looks=3) == ""


def test_missing_model_is_announced_once(store, announce, monkeypatch):
    monkeypatch.setattr(announcement, "PATIENCE_SECONDS", -1)

    assert announce(looks=3) == (
        "No iris in Production yet: make run trains and releases one, and"
        " http://127.0.0.1:8000 picks it up\n"
    )


def test_ctrl_c_ends_it_without_a_traceback(store, announce):
    announce(looks=0)

    assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::]:80", "http://[::1]:80"),
        ("[::1]:80", "http://[::1]:80"),
        ("iris.example:80", "http://iris.example:80"),
    ],
)
def test_url_is_for_a_browser_on_this_machine(address, url):
    assert announcement.make_url(address) == url


def test_master_of_gunicorn_does_not_load_onnx_runtime():
    check = "import sys, {}; sys.exit('onnxruntime' in sys.modules)"
    command = [sys.executable, "-c", check.format(announcement.__name__)]

    subprocess.run(command, cwd=Path(__file__).parents[3], check=True)
