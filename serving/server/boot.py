"""Starts a worker: an error stops the service at its start, but not later."""

import gc
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0

# Set by gunicorn's hook in a worker that replaces another one.
is_replacement = False


def create_app(create: Callable[[], Any]) -> Any:
    """Create the application of a worker.

    gunicorn stops the whole service when a worker cannot create it. That is right at
    the start, when somebody reads the error. It is wrong when a worker is replaced
    while the others serve: then only this one exits, and gunicorn tries again.
    """
    try:
        app = create()
    except Exception:
        if not is_replacement:
            raise
        fields = {"retry_seconds": RETRY_SECONDS}
        logger.exception("worker cannot start", extra={"fields": fields})
        time.sleep(RETRY_SECONDS)
        sys.exit(1)
    reduce_garbage_collection()
    return app


def reduce_garbage_collection() -> None:
    """Collect garbage less often, and not among the objects that exist now.

    These live as long as the worker. And parsing a large body creates so many lists
    that by default most of its time is spent on collections that find nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def create_wsgi_app() -> Any:
    """Create the application for gunicorn's threads."""

    def create() -> Any:
        from serving import app  # noqa: PLC0415 -- not in the master

        return app.create_app()

    return create_app(create)


def create_asgi_app() -> Any:
    """Create the application for gunicorn's event loop."""

    def create() -> Any:
        from serving.server.asgi import bridge  # noqa: PLC0415 -- the same

        return bridge.create_app()

    return create_app(create)
