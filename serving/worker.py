"""gunicorn's asyncio worker: uvicorn with its fast parser and event loop."""

import os
import signal
from typing import Any, ClassVar

from uvicorn_worker import UvicornWorker


class Worker(UvicornWorker):  # type: ignore[misc]
    """Speaks HTTP only, and says as little about itself as possible."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": "httptools",
        "ws": "none",
        "lifespan": "off",
        "proxy_headers": False,  # nobody asks for the client's address
        "server_header": False,
        "access_log": False,  # ours says more
        "timeout_notify": 1,
    }

    async def callback_notify(self) -> None:
        """Tell the master that all is well; end when there is none any more."""
        await super().callback_notify()
        if os.getppid() != self.ppid:
            os.kill(os.getpid(), signal.SIGTERM)
