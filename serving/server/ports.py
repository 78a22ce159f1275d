"""Checks that an address is free before gunicorn listens on it."""

import errno
import os
import socket
import time

WAIT_SECONDS = 2.0  # a service that was just stopped may still use the port
RETRY_SECONDS = 0.1


def require_free(address: str, variable: str = "IRIS_BIND") -> None:
    """Exit with advice if the service cannot listen on an address.

    Nothing is checked if gunicorn inherits its sockets, from systemd or, on SIGUSR2,
    from its predecessor: they are already open.

    Args:
        address: As ``host:port``.
        variable: The setting that holds the address.

    Raises:
        SystemExit: With one line on what is wrong and what to do.
    """
    if _inherits_sockets():
        return
    host, _, port = address.rpartition(":")
    end = time.monotonic() + WAIT_SECONDS
    while error := _try_to_bind(host.strip("[]"), int(port)):
        if error.errno != errno.EADDRINUSE:
            raise SystemExit(
                f"Cannot listen on {address}: {error.strerror}; set another address"
                f" with {variable}"
            )
        if time.monotonic() > end:
            raise SystemExit(
                f"Port {address} is in use; set another address, for example"
                f" {variable}={host}:{int(port) + 1}"
            )
        time.sleep(RETRY_SECONDS)


def _inherits_sockets() -> bool:
    return "GUNICORN_FD" in os.environ or (
        os.environ.get("LISTEN_PID") == str(os.getpid())
    )


def _try_to_bind(host: str, port: int) -> OSError | None:
    """Bind as gunicorn does, despite connections that are still closing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None
