"""Logs: JSON lines, or plain text on a terminal."""

import logging
import logging.config
import re
import sys
from datetime import UTC, datetime
from typing import Any

import orjson
from gunicorn import glogging
from gunicorn.http import errors

from serving.config import Config

# The client stops reading or sending, or sends an invalid body.
CLIENT_ERRORS = (
    TimeoutError,
    errors.ChunkMissingTerminator,
    errors.InvalidChunkExtension,
    errors.InvalidChunkSize,
    errors.ParseException,
)

_CREDENTIALS = re.compile(r"(?<=://)[^/\s]+@")
# Query strings of absolute URLs, and of bare paths as urllib3 logs them.
_QUERY = re.compile(r"(?<=[\w/.%~-])[?#][\w.%~-]+=[^\s\"'<>`)\]]*")


def redact(text: str) -> str:
    """Remove credentials from the URLs in a text.

    User names, passwords and complete query strings are removed: the query strings of
    signed URLs grant access.
    """
    if "?" in text or "#" in text:
        text = _QUERY.sub("?***", text)
    return _CREDENTIALS.sub("***@", text) if "://" in text else text


Line = tuple[float, dict[str, Any]]  # seconds since the epoch, fields


def lines_of(record: logging.LogRecord) -> list[Line]:
    """Return the lines of a record.

    ``extra={"fields": {...}}`` adds fields to its only line. ``extra={"lines": [...]}``
    writes several lines with one system call; each is cheaper than a record.
    """
    one_line = [(record.created, getattr(record, "fields", {}))]
    return getattr(record, "lines", one_line)


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        entry = {
            "time": "",
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            entry["exception"] = redact(self.formatException(record.exc_info))
        return "\n".join(_format_json(entry, line) for line in lines_of(record))


class TextFormatter(logging.Formatter):
    """Time, level, message and fields, for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        message = f"{record.levelname:<7} {redact(record.getMessage())}"
        text = "\n".join(_format_text(message, line) for line in lines_of(record))
        if record.exc_info:
            text += "\n" + redact(self.formatException(record.exc_info))
        return text


def _format_json(entry: dict[str, Any], line: Line) -> str:
    created, fields = line
    entry["time"] = datetime.fromtimestamp(created, UTC).isoformat()
    return orjson.dumps(entry | fields, default=str).decode()


def _format_text(message: str, line: Line) -> str:
    created, fields = line
    time = datetime.fromtimestamp(created).strftime("%H:%M:%S")
    words = [time, message, *(f"{name}={value}" for name, value in fields.items())]
    return " ".join(words)


class GunicornLogger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's logger with one line per client error, and none per request."""

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Log nothing: the service writes its own access log."""

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Log an exception, without a traceback if a client caused it."""
        error = sys.exc_info()[1]
        if isinstance(error, CLIENT_ERRORS):
            self.warning("%s %s: %s", msg, type(error).__name__, error)
        else:
            super().exception(msg, *args, **kwargs)


def is_for_people(config: Config) -> bool:
    """Return whether logs are text for a terminal."""
    return config.log_format == "text" or (
        config.log_format == "auto" and sys.stderr.isatty()
    )


def logging_settings(config: Config) -> dict[str, Any]:
    """Return settings for ``logging.config.dictConfig``."""
    for_people = is_for_people(config)
    formatter = TextFormatter if for_people else JsonFormatter
    # At a terminal, gunicorn's messages at the start are replaced by our own.
    gunicorn_level = "WARNING" if for_people else config.log_level
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"chosen": {"()": formatter}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "chosen"}
        },
        "root": {"level": "WARNING", "handlers": ["stderr"]},
        "loggers": {
            "serving": {"level": config.log_level},
            "gunicorn.error": {
                "level": gunicorn_level,
                "handlers": ["stderr"],
                "propagate": False,
            },
        },
    }


def configure_logging(config: Config) -> None:
    """Set up logging."""
    logging.config.dictConfig(logging_settings(config))
    # No format shows the source location of a record: skip the lookup.
    logging._srcfile = None
    logging.logThreads = False
    logging.logMultiprocessing = False
