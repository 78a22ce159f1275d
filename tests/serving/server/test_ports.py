import contextlib
import os
import socket
import threading
import time

import pytest

from serving.server import ports
from serving.server.ports import require_free


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(ports, "WAIT_SECONDS", 0.0)


@pytest.fixture
def taken():
    """Return an address on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def next_to(address: str) -> str:
    host, _, port = address.rpartition(":")
    return f"{host}:{int(port) + 1}"


def test_free_port_is_accepted():
    require_free("127.0.0.1:0")


def test_port_in_use_is_named_with_another_one(taken):
    with pytest.raises(SystemExit) as ended:
        require_free(taken)

    assert ended.value.code == (
        f"Port {taken} is in use; set another address, for example"
        f" IRIS_BIND={next_to(taken)}"
    )


def test_port_in_use_on_one_address_cannot_be_used_on_all(taken):
    _, _, port = taken.rpartition(":")

    with pytest.raises(SystemExit, match=r"for example IRIS_BIND=0\.0\.0\.0:"):
        require_free(f"0.0.0.0:{port}")


def test_port_in_use_of_ipv6_is_named():
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with listener, pytest.raises(SystemExit) as ended:
        require_free(f"[::1]:{listener.getsockname()[1]}")

    assert "IRIS_BIND=[::1]:" in ended.value.code


def test_another_setting_is_named(taken):
    with pytest.raises(SystemExit, match="for example IRIS_METRICS_BIND="):
        require_free(taken, "IRIS_METRICS_BIND")


def test_address_of_another_machine_is_named():
    with pytest.raises(SystemExit) as ended:
        require_free("192.0.2.1:8000")

    assert ended.value.code == (
        "Cannot listen on 192.0.2.1:8000: Cannot assign requested address; set another"
        " address with IRIS_BIND"
    )


def test_port_that_is_released_in_time_is_accepted(monkeypatch):
    monkeypatch.setattr(ports, "WAIT_SECONDS", 30.0)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    threading.Timer(0.3, listener.close).start()

    started = time.monotonic()
    require_free(f"127.0.0.1:{port}")

    assert time.monotonic() - started < 20


def test_closing_connections_do_not_block_the_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address):
            server_side, _ = listener.accept()
            server_side.close()  # first: the port is left in TIME_WAIT

    require_free(f"127.0.0.1:{address[1]}")


def test_port_is_left_free():
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        address = listener.getsockname()

    require_free(f"127.0.0.1:{address[1]}")

    socket.create_server(address).close()


@pytest.mark.parametrize(
    ("variable", "value"),
    [("GUNICORN_FD", "3"), ("LISTEN_PID", str(os.getpid()))],
    ids=["gunicorn", "systemd"],
)
def test_inherited_sockets_are_not_checked(taken, monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)

    require_free(taken)


def test_sockets_for_another_process_are_not_inherited(taken, monkeypatch):
    monkeypatch.setenv("LISTEN_PID", str(os.getpid() + 1))

    with pytest.raises(SystemExit):
        require_free(taken)
