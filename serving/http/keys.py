"""API keys: a file of digests that is reloaded when it changes."""

import hashlib
import hmac
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from serving.config import ConfigError, variable_name

logger = logging.getLogger(__name__)

CHECK_SECONDS = 1.0
SHA256_BYTES = 32

PREDICT, FEEDBACK = SCOPES = ("predict", "feedback")

Stamp = tuple[int, int, int] | None


class UnreadableFileError(ConfigError):
    """The key file cannot be read; this may be temporary."""


@dataclass(frozen=True)
class ApiKey:
    """An entry of the key file: its holder, digest and permissions."""

    name: str
    digest: bytes  # SHA-256 of the key
    scopes: frozenset[str] = frozenset({PREDICT})


class ApiKeys:
    """The accepted API keys.

    If the file becomes unreadable or invalid, the last valid keys stay in use. An
    unreadable file is read again at each check, an invalid one when it changes.

    Raises:
        ConfigError: If the file has no valid keys.
    """

    def __init__(self, path: Path) -> None:
        self.count_failure: Callable[[], None] = lambda: None
        self._path = path
        self._stamp = _stamp(path)
        self._known = read_keys(path)
        self._is_unread = False
        self._next_check = 0.0

    def find(self, key: str) -> ApiKey | None:
        """Find a key by comparing it with all known ones in constant time."""
        if time.monotonic() >= self._next_check:
            self.refresh()
        # WSGI decodes the bytes of a header as Latin-1.
        digest = hashlib.sha256(key.encode("latin-1")).digest()
        same = [hmac.compare_digest(digest, each.digest) for each in self._known]
        return self._known[same.index(True)] if any(same) else None

    def refresh(self) -> None:
        """Read the file again if it has changed."""
        self._next_check = time.monotonic() + CHECK_SECONDS
        stamp = _stamp(self._path)
        has_changed, self._stamp = stamp != self._stamp, stamp
        if not (has_changed or self._is_unread):
            return
        try:
            self._known = read_keys(self._path)
        except ConfigError as error:
            self._is_unread = isinstance(error, UnreadableFileError)
            if has_changed:
                self.count_failure()
                fields = {"detail": str(error)}
                logger.error("API keys not reloaded", extra={"fields": fields})
        else:
            self._is_unread = False
            count = {"keys": len(self._known)}
            logger.info("API keys reloaded", extra={"fields": count})


@lru_cache(maxsize=8)
def load_keys(path: Path) -> ApiKeys:
    """Return the keys of a file; a forked process inherits them from its parent.

    A worker that starts while the file is damaged still has the last valid keys.
    """
    return ApiKeys(path)


def read_keys(path: Path) -> list[ApiKey]:
    """Read a key file: one ``<name> <SHA-256 in hex> [scopes]`` per line.

    The scopes are separated by commas; the default is ``predict``.

    Raises:
        UnreadableFileError: If the file cannot be read.
        ConfigError: If its content is invalid.
    """
    variable = variable_name("api_keys_file")
    if path.is_fifo():  # reading it would block all requests until somebody writes
        raise UnreadableFileError(variable, str(path), "a regular file, not a pipe")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        expected = f"a readable file ({error.strerror})"
        raise UnreadableFileError(variable, str(path), expected) from None
    except UnicodeDecodeError:
        raise ConfigError(variable, str(path), "a file of UTF-8 text") from None
    entries = [line.split() for line in lines if line.strip() and line[0] != "#"]
    try:
        keys = [_read_key(*entry) for entry in entries]
    except (TypeError, ValueError):
        keys = []
    if not keys:
        expected = (
            "a file of lines with a name, the SHA-256 of a key in hex and, optionally, "
            f"its scopes, separated by a comma ({', '.join(SCOPES)}; by default "
            f"{PREDICT})"
        )
        raise ConfigError(variable, str(path), expected)
    return keys


def _read_key(name: str, digest: str, scopes: str = PREDICT) -> ApiKey:
    """Parse the fields of a line.

    Raises:
        ValueError: If they are invalid.
    """
    key = ApiKey(name, bytes.fromhex(digest), frozenset(scopes.split(",")))
    if len(key.digest) != SHA256_BYTES or not key.scopes <= set(SCOPES):
        raise ValueError
    return key


def _stamp(path: Path) -> Stamp:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
