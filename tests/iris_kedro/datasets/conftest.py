"""An object store for the datasets that read from one."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest


@pytest.fixture(scope="module")
def store() -> Iterator[str]:
    """Start an object store; return its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("moto_server"))]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen([*command, "-H", "127.0.0.1", "-p", str(port)]) as server:
        for _ in range(300):
            try:
                urlopen(f"{url}/moto-api/").close()  # noqa: S310
                break
            except OSError:
                time.sleep(0.1)
        yield url
        server.terminate()
