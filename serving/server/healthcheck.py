"""Checks the health of the service on this machine; used by the container image.

Run as ``python -m serving.server.healthcheck``, with ``ready`` for readiness, or with
``follower`` in a follower's container.
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
LOOPBACK = {"0.0.0.0": "127.0.0.1", "[::]": "::1"}  # noqa: S104 -- requested instead


def check_service(bind: str, check: str) -> str | None:
    """Request ``live`` or ``ready`` at an address; return the error, if any."""
    host, _, port = bind.rpartition(":")
    host = LOOPBACK.get(host, host.strip("[]"))
    with closing(HTTPConnection(host, int(port), timeout=SECONDS)) as connection:
        try:
            connection.request("GET", f"/health/{check}")
            response = connection.getresponse()
            content = response.read().decode()
        except (OSError, HTTPException) as error:
            return f"{bind} does not respond: {error}"
    return None if response.status == HTTPStatus.OK else content


def check_follower(store: Path) -> str | None:
    """Check that a follower keeps reporting; return the error, if any."""
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
    """Run a check; exit with its error, if any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "check", nargs="?", default="live", choices=["live", "ready", "follower"]
    )
    check, config = parser.parse_args().check, Config.from_env()
    if check == "follower":
        sys.exit(check_follower(config.store))
    sys.exit(check_service(config.bind, check))


if __name__ == "__main__":
    main()
