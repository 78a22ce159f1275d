"""The message that a user at a terminal sees when the service has started."""

import os
import sys

from serving.config import Config
from serving.server.healthcheck import LOOPBACK


def announce(config: Config, *, is_ready: bool) -> str:
    """Return a message with the address of the service and how to stop it."""
    name, url = config.model_name or "predictions", make_url(config.bind)
    line = f"Serving {name} on {url} (stop with {_stop()})"
    if is_ready:
        return line
    return (
        f"{line}\nNo model is loaded yet: {config.wanted} is served as soon as it"
        " is fetched from the registry. `make run` trains and releases one."
    )


def make_url(address: str) -> str:
    """Return the URL of an address for a browser on this machine."""
    host, _, port = address.rpartition(":")
    host = LOOPBACK.get(host, host)
    return f"http://[{host}]:{port}" if host == "::1" else f"http://{host}:{port}"


def _stop() -> str:
    """Return how to stop the service: Ctrl-C does not reach a background process."""
    try:
        in_foreground = os.tcgetpgrp(sys.stderr.fileno()) == os.getpgrp()
    except OSError:
        in_foreground = False  # not a terminal
    return "Ctrl-C" if in_foreground else f"kill {os.getppid()}"
