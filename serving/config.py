"""Settings of the service, read once from the environment."""

# ruff: noqa: RUF009 -- `_setting` returns a dataclass field, built once per class.

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

PREFIX = "IRIS_"


class ConfigError(ValueError):
    """A setting has a value that cannot be used."""

    def __init__(self, variable: str, value: str, expected: str) -> None:
        super().__init__(f"{variable}={value!r}: expected {expected}")


def _setting(default: Any, parse: Callable[[str], Any], help_text: str) -> Any:
    """Declare a setting: its default, how its text is parsed, what it means."""
    return field(default=default, metadata={"parse": parse, "help": help_text})


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("text")
    return value.strip()


def _optional_path(value: str) -> Path | None:
    return Path(value) if value else None


def _positive(value: str) -> int:
    if not value.isdecimal() or int(value) == 0:
        raise ValueError("a positive integer")
    return int(value)


def _count(value: str) -> int:
    if not value.isdecimal():
        raise ValueError("an integer of at least 0")
    return int(value)


def _seconds(value: str) -> float:
    message = "a number of seconds, at least 0"
    try:
        seconds = float(value)
    except ValueError:
        raise ValueError(message) from None
    if not 0 <= seconds < float("inf"):
        raise ValueError(message)
    return seconds


def _address(value: str) -> str:
    host, separator, port = value.rpartition(":")
    if not (host and separator and port.isdecimal() and int(port) < 65536):  # noqa: PLR2004
        raise ValueError("host:port")
    return value


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("a URL that starts with http:// or https://")
    return value


def _one_of(*choices: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in choices:
            raise ValueError(f"one of {', '.join(choices)}")
        return value

    return parse


def _level(value: str) -> str:
    return _one_of("DEBUG", "INFO", "WARNING", "ERROR")(value.upper())


@dataclass(frozen=True)
class Config:
    """All settings; ``IRIS_BIND`` in the environment sets ``bind``, and so on."""

    bind: str = _setting("127.0.0.1:8000", _address, "address of the service")
    workers: int = _setting(2, _positive, "number of worker processes")
    worker_class: str = _setting(
        "asyncio",
        _one_of("asyncio", "gthread"),
        "kind of gunicorn worker: an event loop, which is faster, or threads",
    )
    model_name: str = _setting("iris", _text, "registered model to serve")
    alias: str = _setting("Production", _text, "alias of the version to serve")
    shadow_alias: str | None = _setting(
        None, lambda text: text or None, "alias of a version to compare it with"
    )
    tracking_uri: str = _setting("sqlite:///mlflow.db", _text, "MLflow registry")
    store: Path = _setting(Path("store"), Path, "folder for downloaded versions")
    keep_versions: int = _setting(5, _positive, "downloaded versions to keep")
    follow_seconds: float = _setting(
        5.0, _seconds, "interval at which the registry is polled; 0 turns polling off"
    )
    max_row_bytes: int = _setting(
        64 * 1024, _positive, "largest body of `/predict`, in bytes"
    )
    max_body_bytes: int = _setting(
        8 * 1024**2, _positive, "largest body of the other routes, in bytes"
    )
    max_rows: int = _setting(100_000, _positive, "most rows in one request")
    max_in_flight: int = _setting(
        128,
        _positive,
        "predictions waiting or running in one worker; further requests get 429",
    )
    max_buffered_bytes: int = _setting(
        32 * 1024**2,
        _positive,
        "bytes that large bodies and answers may occupy in one worker; above, 429",
    )
    keep_alive_seconds: float = _setting(
        75.0, _seconds, "time after which an idle connection is closed"
    )
    send_seconds: float = _setting(
        30.0, _seconds, "time within which a client must read its answer"
    )
    api_keys_file: Path | None = _setting(
        None, _optional_path, "file of hashed API keys; predictions then require a key"
    )
    metrics_bind: str | None = _setting(
        None, lambda text: _address(text) if text else None, "address for `/metrics`"
    )
    metrics_folder: Path | None = _setting(
        None,
        _optional_path,
        "folder in which workers share metrics; a temporary one by default",
    )
    mlflow_pages: str | None = _setting(
        None,
        lambda text: _web_address(text) if text else None,
        "address of the MLflow UI, linked from the page at `/`",
    )
    prediction_log: Path | None = _setting(
        None, _optional_path, "file to which every prediction is written; off if empty"
    )
    prediction_log_bytes: int = _setting(
        50 * 1024**2, _positive, "size at which the prediction log is rotated"
    )
    prediction_log_backups: int = _setting(5, _count, "rotated prediction logs to keep")
    pending_rows: int = _setting(
        200_000, _positive, "rows that may wait for metrics, prediction log or shadow"
    )
    log_format: str = _setting(
        "auto",
        _one_of("auto", "json", "text"),
        "log format; auto is text on a terminal",
    )
    log_level: str = _setting("INFO", _level, "lowest level that is logged")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Config":
        """Read the settings from the environment.

        Raises:
            ConfigError: If a value cannot be used; names the variable and the value.
        """
        source = os.environ if environ is None else environ
        values = {}
        for setting in fields(cls):
            variable = variable_name(setting.name)
            if variable in source:
                parse = setting.metadata["parse"]
                values[setting.name] = _parse(variable, source[variable], parse)
        config = cls(**values)
        config._check_ports()
        return config

    def _check_ports(self) -> None:
        """Require different ports: a request for metrics is recognized by its port."""
        own = self.metrics_bind
        if own and own.rpartition(":")[2] == self.bind.rpartition(":")[2]:
            expected = f"another port than {variable_name('bind')} has"
            raise ConfigError(variable_name("metrics_bind"), own, expected)


# Two settings belong to libraries: one name for a thing is enough.
_BORROWED = {
    "tracking_uri": "MLFLOW_TRACKING_URI",
    "metrics_folder": "PROMETHEUS_MULTIPROC_DIR",
}


def variable_name(setting: str) -> str:
    """Return the environment variable that holds a setting."""
    return _BORROWED.get(setting, PREFIX + setting.upper())


def _parse(variable: str, value: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise ConfigError(variable, value, str(error)) from None
