"""Asks the service on this machine how it is: the health check of the image.

Run as ``python -m serving.server.healthcheck``, or with ``ready`` at the end; with
``follower`` in the container of a follower.
"""

import argparse
import json
import sys
import time
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from serving.config import Config
from serving.model.freshness import REPORT_FILE, is_overdue

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


def check_follower(store: Path) -> str | None:
    """Check that a follower keeps reporting; return what is wrong, if anything."""
    file = store / REPORT_FILE
    try:
        report = json.loads(file.read_bytes())
        reported_at = float(report["reported_at"])
        within = float(report["next_report_seconds"])
    except (OSError, KeyError, TypeError, ValueError):
        return f"{file} contains no report: no follower has used this IRIS_STORE yet"
    now = time.time()
    age = now - reported_at
    if not is_overdue(reported_at, within, now):
        return None
    if age < 0:
        return f"the follower's last report is {-age:.0f} s ahead of the clock"
    return f"the follower last reported {age:.0f} s ago; {within:.0f} s are allowed"


def main() -> None:
    """Ask, and end with an error if something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "question", nargs="?", default="live", choices=["live", "ready", "follower"]
    )
    question, config = parser.parse_args().question, Config.from_env()
    if question == "follower":
        sys.exit(check_follower(config.store))
    sys.exit(ask(config.bind, question))


if __name__ == "__main__":
    main()
