"""Who may predict, and how much at once: keys, body size, requests in flight."""

import hashlib
import hmac
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from flask import Flask, g, request
from prometheus_client import Gauge
from werkzeug.exceptions import (
    NotFound,
    RequestEntityTooLarge,
    TooManyRequests,
    Unauthorized,
)

from serving.config import Config, ConfigError, variable_name
from serving.service import the_service

HEX_DIGITS = 64


EXTENSION = "guard"


class Guard:
    """Checks each request before its body is read.

    Every POST route predicts, so every POST needs a key and takes a place.
    """

    def __init__(self, config: Config, in_flight: Gauge) -> None:
        self._max_body_bytes = config.max_body_bytes
        self._metrics_bind = config.metrics_bind
        self._keys = read_keys(config.api_keys_file)
        self._places = deque(range(config.max_in_flight))
        self._in_flight = in_flight

    def register(self, app: Flask) -> None:
        """Have an application's requests checked."""
        app.config["MAX_CONTENT_LENGTH"] = self._max_body_bytes + 1  # see read_body
        app.before_request(self.check)
        app.teardown_request(self.release)

    def check(self) -> None:
        """Let a request pass or raise what is wrong with it."""
        self._check_port(request.environ)
        self._check_size(request.content_length or 0)
        if request.method != "POST" or request.url_rule is None:
            return
        self._check_key(request.environ)
        self._take_place()
        g.has_place = True

    def release(self, _: BaseException | None) -> None:
        """Give the place of a request back."""
        if g.pop("has_place", False):
            self._leave_place()

    @contextmanager
    def admit(self, environ: Mapping[str, str]) -> Iterator[None]:
        """Check a request that predicts and is not in Flask's hands."""
        self._check_port(environ)
        self._check_size(int(environ["CONTENT_LENGTH"]))
        self._check_key(environ)
        self._take_place()
        try:
            yield
        finally:
            self._leave_place()

    def knows(self, environ: Mapping[str, str]) -> bool:
        """Say whether a request has a key, where one is needed."""
        return self._keys is None or knows_key(self._keys, _sent_key(environ))

    def _check_port(self, environ: Mapping[str, str]) -> None:
        """Serve metrics on their own port only, and nothing else there."""
        if not self._metrics_bind:
            return
        port = self._metrics_bind.rpartition(":")[2]
        on_metrics_port = environ.get("SERVER_PORT") == port
        if on_metrics_port != (environ["PATH_INFO"] == "/metrics"):
            raise NotFound

    def _check_size(self, content_length: int) -> None:
        if content_length > self._max_body_bytes:
            raise RequestEntityTooLarge(
                f"The body is larger than {self._max_body_bytes} bytes."
            )

    def _check_key(self, environ: Mapping[str, str]) -> None:
        if not self.knows(environ):
            raise Unauthorized("This route needs an API key.")

    def _take_place(self) -> None:
        try:
            self._places.pop()  # as a semaphore would, for a tenth of its time
        except IndexError:
            raise TooManyRequests("Too many requests are in flight.") from None
        self._in_flight.inc()

    def _leave_place(self) -> None:
        self._in_flight.dec()
        self._places.append(0)


def read_keys(path: Path | None) -> list[bytes] | None:
    """Read the digests of the keys: a line each, ``<name> <sha256 in hex>``.

    Raises:
        ConfigError: If the file cannot be read or a line is something else.
    """
    if path is None:
        return None
    variable = variable_name("api_keys_file")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ConfigError(variable, str(path), f"a file: {error.strerror}") from None
    entries = [line.split() for line in lines if line.strip() and line[0] != "#"]
    try:
        keys = [bytes.fromhex(digest) for _, digest in entries]
    except ValueError:
        keys = []
    if not keys or any(len(key) * 2 != HEX_DIGITS for key in keys):
        expected = "lines of a name and the SHA-256 of a key in hex"
        raise ConfigError(variable, str(path), expected)
    return keys


def knows_key(keys: list[bytes], sent: str) -> bool:
    """Compare a key with all that are known, in a time that tells nothing."""
    # WSGI gives the bytes of a header as Latin-1.
    digest = hashlib.sha256(sent.encode("latin-1")).digest()
    return any([hmac.compare_digest(digest, key) for key in keys])


def _sent_key(environ: Mapping[str, str]) -> str:
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return environ.get("HTTP_X_API_KEY", "")


def register_guard(app: Flask) -> Guard:
    """Guard an application as its settings say."""
    service = the_service(app)
    guard = Guard(service.config, service.metrics.in_flight)
    guard.register(app)
    app.extensions[EXTENSION] = guard
    return guard
