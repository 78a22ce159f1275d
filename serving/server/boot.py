"""How a worker starts: with the first ones, an error stops the service, later not."""

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

    gunicorn ends the whole service when a worker cannot create it. That is right at the
    first start, when somebody reads why. It is wrong when a worker has to be replaced
    while the others serve: then this one ends, and gunicorn tries again.
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
    spare_collections()
    return app


def spare_collections() -> None:
    """Have Python look for garbage less often, and not among what stays.

    What exists now lives as long as the worker. And parsing a large body creates so
    many lists that by default most of its time goes to collections that find nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def create_wsgi_app() -> Any:
    """Create the application for gunicorn's threads."""

    def create() -> Any:
        from serving import app  # noqa: PLC0415 -- not by the master

        return app.create_app()

    return create_app(create)


def create_asgi_app() -> Any:
    """Create the application for gunicorn's event loop."""

    def create() -> Any:
        from serving.server.asgi import bridge  # noqa: PLC0415 -- the same

        return bridge.create_app()

    return create_app(create)
