"""Converts an ASGI scope to a WSGI environ."""

from collections.abc import MutableMapping
from functools import lru_cache
from time import perf_counter
from typing import Any
from urllib.parse import unquote_to_bytes

from serving.http.access import HEAD_BYTES
from serving.http.application import ARRIVED

Environ = dict[str, Any]
Message = MutableMapping[str, Any]

UPGRADE = "serving.upgrade"  # whether the client wants to upgrade the protocol
USUAL_NAME = 64  # bytes; longer header names are not cached


def build_environ(scope: Message) -> Environ:
    """Build the environ of a request.

    Headers with an underscore are dropped: X_API_Key could be taken for X-API-Key.
    """
    path = scope["raw_path"]
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope["root_path"],
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": scope["server"][0],
        "SERVER_PORT": str(scope["server"][1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0] if scope["client"] else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        ARRIVED: scope.get("arrived") or perf_counter(),
    }
    if scope.get("upgrade"):
        environ[UPGRADE] = True
    head_bytes = len(path) + len(scope["query_string"])
    for name, value in scope["headers"]:
        head_bytes += len(name) + len(value)
        if b"_" in name:
            continue
        key = _environ_key(name) if len(name) <= USUAL_NAME else _name_key(name)
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]},{text}" if key in environ else text
    environ[HEAD_BYTES] = head_bytes
    return environ


def _name_key(header: bytes) -> str:
    key = header.decode("latin-1").upper().replace("-", "_")
    return key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"


_environ_key = lru_cache(maxsize=512)(_name_key)
