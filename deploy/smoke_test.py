"""Check over HTTP that a running service predicts its model's golden rows.

Run as ``python deploy/smoke_test.py URL``. It needs only Python, so that it runs
anywhere. A model's contract contains golden rows with their predictions at export. If
predictions require an API key, set ``SMOKE_TEST_API_KEY``.
"""

import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any

KEY_VARIABLE = "SMOKE_TEST_API_KEY"
REQUEST_SECONDS = 10
PAUSE_SECONDS = 1


class SmokeTestError(Exception):
    """The service failed a check."""


def check(url: str, seconds: float) -> str:
    """Check a service; return the version of the model that it serves.

    Args:
        url: Address of the service.
        seconds: Time within which it must be ready.

    Raises:
        SmokeTestError: If a response is wrong or missing.
    """
    url = url.rstrip("/")
    _wait_until_ready(url, seconds)
    _expect(send(f"{url}/health/live"), 200, "liveness")
    model = _expect(send(f"{url}/model"), 200, "the model")
    contract = model["contract"]
    names = [feature["name"] for feature in contract["features"]]
    golden = contract["golden_rows"]
    for values, label in zip(golden["inputs"], golden["predictions"], strict=True):
        row = dict(zip(names, values, strict=True))
        body = _expect(send(f"{url}/predict", row), 200, f"a prediction of {row}")
        if body["prediction"] != label:
            raise SmokeTestError(
                f"{row} must be {label}, but the prediction is {body['prediction']}"
            )
    impossible = {name: [] for name in names}  # a text may be a category
    _expect(send(f"{url}/predict", impossible), 422, "a row without values")
    return str(model["version"])


def send(url: str, body: Any = None) -> tuple[int, Any]:
    """Send a request; return status and body, or status 0 without a response."""
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get(KEY_VARIABLE):
        headers["Authorization"] = f"Bearer {key}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (OSError, ValueError) as error:
        return 0, str(error)


def _wait_until_ready(url: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    while True:
        response = send(f"{url}/health/ready")
        if response[0] == 200 or time.monotonic() > end:  # noqa: PLR2004
            break
        time.sleep(PAUSE_SECONDS)
    _expect(response, 200, f"readiness within {seconds:g} s")


def _expect(response: tuple[int, Any], status: int, what: str) -> Any:
    if response[0] != status:
        raise SmokeTestError(
            f"{what}: expected status {status}, got {response[0]}: {response[1]}"
        )
    return response[1]


def main() -> None:
    """Check the service at the given address; exit with 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="address of the service")
    parser.add_argument(
        "--seconds", type=float, default=60, help="timeout for readiness"
    )
    arguments = parser.parse_args()
    try:
        version = check(arguments.url, arguments.seconds)
    except SmokeTestError as error:
        sys.exit(f"Smoke test failed: {error}")
    print(f"Smoke test passed: version {version} predicts its golden rows")


if __name__ == "__main__":
    main()
