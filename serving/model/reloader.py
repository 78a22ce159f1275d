"""Picks up what the follower publishes: a thread in each worker."""

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from serving.model.onnx_model import Model, ModelRefusedError
from serving.model.store import Store
from serving.monitoring.metrics import ServiceMetrics

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
RETRY_SECONDS = 10.0

Stamp = tuple[int, int] | None


class Reloader:
    """Loads the published model of a role whenever its pointer changes.

    A model that fails its checks is not used: the one in use stays, and the pointer is
    tried again after a while, because a disk may have recovered.
    """

    def __init__(
        self,
        store: Store,
        role: str,
        metrics: ServiceMetrics,
        swap: Callable[[Model], None],
        withdraw: Callable[[], None] | None = None,
    ) -> None:
        self._store = store
        self._role = role
        self._metrics = metrics
        self._swap = swap
        self._withdraw = withdraw
        self._seen: Stamp = None
        self._loaded: str | None = None
        self._retry_at = float("inf")
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name=f"reload-{role}", daemon=True
        )

    def start(self) -> None:
        """Load what is published now, then keep polling."""
        self.check()
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def check(self) -> None:
        """Load the published model if it is not the one in use."""
        stamp = _stamp(self._store.pointer(self._role))
        if stamp == self._seen and time.monotonic() < self._retry_at:
            return
        self._seen, self._retry_at = stamp, float("inf")
        if stamp is None:
            if self._withdraw:
                self._loaded = None
                self._withdraw()
            return
        try:
            self._load()
        except ModelRefusedError as error:
            self._retry_at = time.monotonic() + RETRY_SECONDS
            self._metrics.load_failures.labels(error.reason).inc()
            logger.error(
                "published model refused",
                extra={"fields": {"reason": error.reason, "detail": str(error)}},
            )

    def _load(self) -> None:
        name = self._store.published(self._role)
        if name is not None and name == self._loaded:
            return
        with self._metrics.load_seconds.time():
            model = self._store.load(self._role)
        if model is None:
            return
        self._swap(model)
        self._loaded = name
        logger.info(
            "model loaded",
            extra={"fields": {"role": self._role, "version": model.version.version}},
        )

    def _run(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            self.check()


def _stamp(pointer: Path) -> Stamp:
    """Tell one state of the pointer from another; each write makes a new file."""
    try:
        status = os.stat(pointer)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino


Watcher = Reloader
