"""Settings of the service, read once from the environment."""

# ruff: noqa: RUF009 -- `_setting` returns a dataclass field, built once per class.

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from serving import config_parsers as parsers

PREFIX = "IRIS_"
FOLLOW_SECONDS = 5.0
_CREDENTIALS = re.compile(r"(?<=://).*@")


class ConfigError(ValueError):
    """A setting has a value that cannot be used."""

    def __init__(self, variable: str, value: str, expected: str) -> None:
        shown = _CREDENTIALS.sub("***@", value)
        super().__init__(f"{variable} is {shown!r}; set it to {expected}")


def _setting(default: Any, parse: Callable[[str], Any], help_text: str) -> Any:
    """Declare a setting: its default, how its text is parsed, what it means."""
    return field(default=default, metadata={"parse": parse, "help": help_text})


@dataclass(frozen=True)
class Config:
    """All settings; ``IRIS_BIND`` in the environment sets ``bind``, and so on."""

    bind: str = _setting("127.0.0.1:8000", parsers.address, "address to listen on")
    workers: int = _setting(2, parsers.positive, "number of worker processes")
    worker_class: str = _setting(
        "asyncio",
        parsers.one_of("asyncio", "gthread"),
        "worker type: `asyncio` (event loop, faster) or `gthread` (threads)",
    )
    model_name: str | None = _setting(
        None,
        parsers.optional(parsers.text),
        "registered model to serve; if empty, the only one that has the alias",
    )
    alias: str = _setting("Production", parsers.text, "alias of the version to serve")
    shadow_alias: str | None = _setting(
        None,
        parsers.optional(parsers.text),
        "alias of the shadow version; no shadow if empty",
    )
    tracking_uri: str = _setting(
        "sqlite:///mlflow.db", parsers.text, "URI of the MLflow registry"
    )
    store: Path = _setting(Path("store"), Path, "folder for downloaded versions")
    keep_versions: int = _setting(
        5, parsers.positive, "number of unused versions to keep"
    )
    follow_seconds: float = _setting(
        FOLLOW_SECONDS,
        parsers.seconds,
        "seconds between polls of the registry; 0 leaves them to another process",
    )
    max_row_bytes: int = _setting(
        64 * 1024,
        parsers.positive,
        "maximum size of a request to `/predict` or `/explain`, in bytes",
    )
    max_body_bytes: int = _setting(
        8 * 1024**2, parsers.positive, "maximum size of other requests, in bytes"
    )
    max_rows: int = _setting(
        100_000, parsers.positive, "maximum number of rows per request"
    )
    max_in_flight: int = _setting(
        128,
        parsers.positive,
        "maximum number of predictions in flight per worker; others get 429",
    )
    max_explanations: int = _setting(
        4,
        parsers.positive,
        "maximum number of explanations waiting or running per worker; others get 429",
    )
    max_explained_rows: int = _setting(
        100, parsers.positive, "maximum number of rows per request to `/explain/batch`"
    )
    explain_seconds: float = _setting(
        5.0,
        parsers.positive_seconds,
        "seconds after which an explanation is abandoned",
    )
    max_buffered_bytes: int = _setting(
        32 * 1024**2,
        parsers.positive,
        "memory for large requests and responses per worker, in bytes; others get 429",
    )
    keep_alive_seconds: float = _setting(
        75.0, parsers.seconds, "seconds before an idle connection is closed"
    )
    send_seconds: float = _setting(
        30.0,
        parsers.positive_seconds,
        "seconds within which a client must read a response",
    )
    api_keys_file: Path | None = _setting(
        None,
        parsers.optional(Path),
        "file with hashed API keys; if set, every POST and `GET /status` require a key",
    )
    metrics_bind: str | None = _setting(
        None, parsers.optional(parsers.address), "separate address for `/metrics`"
    )
    metrics_folder: Path | None = _setting(
        None,
        parsers.optional(Path),
        "folder for metrics shared by workers; temporary by default",
    )
    mlflow_pages: str | None = _setting(
        None,
        parsers.optional(parsers.url),
        "URL of the MLflow UI, linked from the page at `/`",
    )
    database_url: str | None = _setting(
        None,
        parsers.optional(parsers.database_url),
        "database of predictions and feedback, SQLite or PostgreSQL; off if empty",
    )
    database_days: int = _setting(
        90, parsers.positive, "days after which stored predictions are deleted"
    )
    database_omit: frozenset[str] | None = _setting(
        None,
        parsers.optional(parsers.names),
        "features that are never stored, separated by commas",
    )
    pending_bytes: int = _setting(
        64 * 1024**2,
        parsers.positive,
        "memory limit of each queue (metrics, logs, shadow, database) of a worker, in "
        "bytes",
    )
    log_format: str = _setting(
        "auto",
        parsers.one_of("auto", "json", "text"),
        "`json`, `text`, or `auto`: text on a terminal, else JSON",
    )
    log_level: str = _setting("INFO", parsers.level, "minimum log level")
    otlp_endpoint: str | None = _setting(
        None,
        parsers.optional(parsers.url),
        "URL of an OpenTelemetry collector (OTLP/HTTP); no traces if empty",
    )
    otlp_traces_endpoint: str | None = _setting(
        None,
        parsers.optional(parsers.url),
        "complete URL for traces, if it is not `/v1/traces` of the collector",
    )
    traces_sampler: str = _setting(
        "parentbased_traceidratio",
        parsers.default("parentbased_traceidratio", parsers.sampler),
        "which requests are traced: one of OpenTelemetry's samplers",
    )
    traces_ratio: float = _setting(
        1.0,
        parsers.default(1.0, parsers.ratio),
        "share of the requests to trace, from 0 to 1",
    )
    traces_disabled: bool = _setting(
        False, parsers.is_true, "`true` turns traces off, whatever else is set"
    )

    @property
    def traces_url(self) -> str | None:
        """Where traces are sent; None if there are none."""
        if self.traces_disabled:
            return None
        base = self.otlp_endpoint and f"{self.otlp_endpoint.rstrip('/')}/v1/traces"
        return self.otlp_traces_endpoint or base

    @property
    def poll_seconds(self) -> float:
        """Seconds between polls of the registry, also by a separate follower."""
        return self.follow_seconds or FOLLOW_SECONDS

    @property
    def wanted(self) -> str:
        """The model and alias to serve, for messages."""
        return f"{self.model_name or 'model'}@{self.alias}"

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
        config._check_buffer()
        return config

    def _check_ports(self) -> None:
        """Require different ports: a request for metrics is recognized by its port."""
        own = self.metrics_bind
        if own and own.rpartition(":")[2] == self.bind.rpartition(":")[2]:
            expected = f"another port than {variable_name('bind')} ({self.bind})"
            raise ConfigError(variable_name("metrics_bind"), own, expected)

    def _check_buffer(self) -> None:
        """Require a buffer for the largest body, which would always get 429."""
        if self.max_buffered_bytes < self.max_body_bytes:
            limit = variable_name("max_body_bytes")
            expected = f"at least {self.max_body_bytes} ({limit}), or lower that"
            variable = variable_name("max_buffered_bytes")
            raise ConfigError(variable, str(self.max_buffered_bytes), expected)


# Settings that already have a name in a library.
_BORROWED = {
    "tracking_uri": "MLFLOW_TRACKING_URI",
    "metrics_folder": "PROMETHEUS_MULTIPROC_DIR",
    "otlp_endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT",
    "otlp_traces_endpoint": "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "traces_sampler": "OTEL_TRACES_SAMPLER",
    "traces_ratio": "OTEL_TRACES_SAMPLER_ARG",
    "traces_disabled": "OTEL_SDK_DISABLED",
}


def variable_name(setting: str) -> str:
    """Return the environment variable that holds a setting."""
    return _BORROWED.get(setting, PREFIX + setting.upper())


def _parse(variable: str, value: str, parse: Callable[[str], Any]) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise ConfigError(variable, value, str(error)) from None
