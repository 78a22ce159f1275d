"""Asks the service on this machine how it is: the health check of the image.

Run as ``python -m serving.server.healthcheck``, or with ``ready`` at the end.
"""

import argparse
import sys
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException

from serving.config import Config

SECONDS = 4
LOOPBACK = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}  # noqa: S104 -- where to ask instead


def ask(bind: str, question: str) -> str | None:
    """Ask ``live`` or ``ready`` at an address; return what is wrong, if anything."""
    host, _, port = bind.rpartition(":")
    host = LOOPBACK.get(host, host.strip("[]"))
    with closing(HTTPConnection(host, int(port), timeout=SECONDS)) as connection:
        try:
            connection.request("GET", f"/health/{question}")
            answer = connection.getresponse()
            content = answer.read().decode()
        except (OSError, HTTPException) as error:
            return f"{bind} does not answer: {error}"
    return None if answer.status == HTTPStatus.OK else content


def main() -> None:
    """Ask, and end with an error if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "question", nargs="?", default="live", choices=["live", "ready"]
    )
    sys.exit(ask(Config.from_env().bind, parser.parse_args().question))


if __name__ == "__main__":
    main()
