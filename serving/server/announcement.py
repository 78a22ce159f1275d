"""Tells the user at the terminal where the service is, as soon as it can predict.

A process of its own: gunicorn's master forks its workers meanwhile, which is not safe
beside a thread that uses the network.
"""

import os
import signal
import subprocess
import sys
import time

from serving.config import Config
from serving.server.healthcheck import LOOPBACK, ask

POLL_SECONDS = 0.25
SETTLE_SECONDS = 1.0  # each worker loads a new model by itself
PATIENCE_SECONDS = 10.0  # before saying that there is no model yet


def start() -> None:
    """Start the process; it ends by itself."""
    command = [sys.executable, "-m", "serving.server.announcement", str(os.getpid())]
    subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 -- a constant


def main() -> None:
    """Wait for a model and say so; end with the server, whose process id is given."""
    # Ctrl-C goes to all processes of the terminal: end without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # Not above: it loads ONNX Runtime, and gunicorn's master imports this module.
    # Workers that are forked from a process with it hang at their exit.
    from serving.model.store import CURRENT, Store  # noqa: PLC0415

    config = Config.from_env()
    server = int(sys.argv[1])
    published = Store(config.store).pointer(CURRENT)
    patience_ends = time.monotonic() + PATIENCE_SECONDS
    while os.getppid() == server:
        # The file first, because requests are logged.
        if published.exists():
            time.sleep(SETTLE_SECONDS)
            if ask(config.bind, "ready") is None:
                return write(describe_service(config, server))
        elif time.monotonic() > patience_ends:
            write(describe_wait(config))
            patience_ends = float("inf")
        time.sleep(POLL_SECONDS)
    return None


def describe_service(config: Config, server: int) -> str:
    """Say where the service is, and how to stop it."""
    stop = "Ctrl-C" if is_in_foreground() else f"kill {server}"
    return f"Serving {config.model_name} on {make_url(config.bind)} (stop with {stop})"


def describe_wait(config: Config) -> str:
    """Say what the service waits for."""
    return (
        f"No {config.model_name} in {config.alias} yet: make run trains and releases"
        f" one, and {make_url(config.bind)} picks it up"
    )


def make_url(address: str) -> str:
    """Return the URL of an address for a browser on this machine."""
    host, _, port = address.rpartition(":")
    host = LOOPBACK.get(host, host)
    return f"http://[{host}]:{port}" if host == "::1" else f"http://{host}:{port}"


def is_in_foreground() -> bool:
    """Tell whether Ctrl-C on the terminal reaches this process."""
    try:
        return os.tcgetpgrp(sys.stderr.fileno()) == os.getpgrp()
    except OSError:
        return False  # it is no terminal


def write(line: str) -> None:
    """Write a line to the terminal."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
