"""gunicorn's asyncio worker: uvicorn with its fast parser and event loop."""

import asyncio
import logging
import os
import signal
import sys
from types import FrameType
from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker

from serving.config import Config
from serving.server.asgi.protocol import Protocol


def interrupt_twice() -> None:
    """Stop without waiting for requests in flight."""
    signal.raise_signal(signal.SIGINT)
    signal.raise_signal(signal.SIGINT)


class Worker(UvicornWorker):  # type: ignore[misc]
    """Serves HTTP only, and reveals as little about itself as possible."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": Protocol,
        "ws": "none",
        "lifespan": "off",
        "proxy_headers": False,  # nothing depends on the client's address
        "server_header": False,
        "access_log": False,  # the service writes its own
        "timeout_notify": 1,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # It logs a warning for each bad request: clients could fill the log.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        self._has_served = False

    def init_process(self) -> None:
        """Apply the settings of the service."""
        Protocol.send_seconds = Config.from_env().send_seconds
        super().init_process()

    def init_signals(self) -> None:
        """Exit through gunicorn, whose hook lets the observers finish.

        uvicorn stops gracefully, then raises the signal again, whose default action
        would end the process immediately.
        """
        super().init_signals()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)

    def stop(self, _number: int, _frame: FrameType | None) -> None:
        """Exit; immediately while the worker starts, when there is nothing to finish.

        At that time it imports, and extension modules turn SystemExit into ImportError.
        """
        if not self._has_served:
            os._exit(0)
        sys.exit(0)

    async def _serve(self) -> None:
        self._has_served = True  # from here on, uvicorn handles the signals first
        capacity = self.wsgi.app.extensions["serving"].access.capacity
        Protocol.stop_explaining = capacity.stop_explaining
        await super()._serve()

    def _install_sigquit_handler(self) -> None:
        """Close all connections immediately on SIGQUIT.

        uvicorn does not handle it, but does the same when it is interrupted twice.
        """
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGQUIT, interrupt_twice)

    async def callback_notify(self) -> None:
        """Report to the master; stop if it no longer exists."""
        await super().callback_notify()
        if os.getppid() != self.ppid:
            os.kill(os.getpid(), signal.SIGTERM)
