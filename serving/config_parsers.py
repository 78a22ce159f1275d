"""Parsers of settings: each turns text into a value.

They raise ``ValueError`` with the expected value, which completes "set it to ...".
"""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LARGEST_PORT = 65535
DATABASES = "sqlite:///", "postgresql+psycopg://"


def text(value: str) -> str:
    """Parse text that is not blank."""
    if not value.strip():
        raise ValueError("text that is not blank")
    return value.strip()


def positive(value: str) -> int:
    """Parse an integer of at least 1."""
    if not value.isdecimal() or int(value) == 0:
        raise ValueError("an integer of at least 1")
    return int(value)


def seconds(value: str) -> float:
    """Parse a duration, which may be 0."""
    parsed = _number(value)
    if parsed is None or parsed < 0:
        raise ValueError("a number of seconds, at least 0")
    return parsed


def positive_seconds(value: str) -> float:
    """Parse a duration above 0."""
    parsed = _number(value)
    if parsed is None or parsed <= 0:
        raise ValueError("a number of seconds above 0")
    return parsed


def address(value: str) -> str:
    """Parse a host and a port."""
    host, _, port = value.rpartition(":")
    if not (host and port.isdecimal() and int(port) <= LARGEST_PORT):
        raise ValueError("host:port, such as 127.0.0.1:8000")
    return value


def url(value: str) -> str:
    """Parse the URL of a website."""
    if not value.startswith(("http://", "https://")):
        raise ValueError("a URL that starts with http:// or https://")
    return value


def database_url(value: str) -> str:
    """Parse the URL of a database without loading its driver."""
    if not value.startswith(DATABASES):
        raise ValueError(f"a URL that starts with {' or '.join(DATABASES)}")
    return value


def names(value: str) -> frozenset[str]:
    """Parse comma-separated names."""
    return frozenset(name.strip() for name in value.split(",") if name.strip())


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a parser of one of several words."""

    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return value

    return parse


def level(value: str) -> str:
    """Parse a log level."""
    return one_of("DEBUG", "INFO", "WARNING", "ERROR")(value.upper())


def sampler(value: str) -> str:
    """Parse the name of one of OpenTelemetry's samplers."""
    rules = "always_on", "always_off", "traceidratio"
    return one_of(*rules, *(f"parentbased_{rule}" for rule in rules))(value.lower())


def ratio(value: str) -> float:
    """Parse a share."""
    parsed = _number(value)
    if parsed is None or not 0 <= parsed <= 1:
        raise ValueError("a number from 0 to 1")
    return parsed


def is_true(value: str) -> bool:
    """Parse a boolean as OpenTelemetry does: everything but ``true`` is false."""
    return value.strip().lower() == "true"


def optional(parse: Callable[[str], T]) -> Callable[[str], T | None]:
    """Return a parser that treats empty text as None."""
    return lambda value: parse(value) if value else None


def default(value: T, parse: Callable[[str], T]) -> Callable[[str], T]:
    """Return a parser that treats empty text as the default, as OpenTelemetry does."""
    return lambda text: parse(text) if text else value


def _number(value: str) -> float | None:
    """Parse a finite number, else None."""
    try:
        parsed = float(value)
    except ValueError:
        return None
    return parsed if abs(parsed) < float("inf") else None
