"""An S3 store in a separate process."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from tests.fixtures.processes import free_port, wait_until


@contextmanager
def run_object_store() -> Iterator[str]:
    """Start a store on a free port of this machine; yield its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = Path(sys.executable).with_name("moto_server")
    command = [program, "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: _answers(url, server), "the store answers")
            yield url
        finally:
            server.terminate()


def _answers(url: str, server: subprocess.Popen[bytes]) -> bool:
    assert server.poll() is None
    try:
        urlopen(f"{url}/moto-api/").close()  # noqa: S310
    except OSError:
        return False
    return True
