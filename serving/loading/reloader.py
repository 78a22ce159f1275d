"""Loads what the follower publishes, in a thread of each worker."""

import logging
import threading
import time
from collections.abc import Callable

from serving.model.onnx_model import Model, ModelRefusedError, Version
from serving.model.store import Pointer, Store
from serving.model.store.files import Stamp, read_stamp
from serving.monitoring.metrics import ServiceMetrics
from serving.monitoring.tasks import attempt, run_forever

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
RETRY_SECONDS = 10.0


class Reloader:
    """Loads the published model of a role whenever its pointer changes.

    A model that fails its checks is not used: the previous one stays in use, and the
    new one is tried again after a while, because a disk may have recovered.

    Args:
        store: The store in which models are published.
        role: The role whose model is loaded.
        metrics: Counts loads, failures and errors.
        swap: Called with a model; raises ``ModelRefusedError`` if it cannot be used.
        refresh: Called at each poll, before a model is loaded.
        withdraw: Called when the role no longer has a model.
        note_failure: Called with the reason why the published model cannot be used, in
            one word, and with None when it can be used again.
    """

    def __init__(
        self,
        store: Store,
        role: str,
        metrics: ServiceMetrics,
        swap: Callable[[Model], None],
        refresh: Callable[[], None] = lambda: None,
        withdraw: Callable[[], None] | None = None,
        note_failure: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._role = role
        self._metrics = metrics
        self._swap = swap
        self._refresh = refresh
        self._withdraw = withdraw
        self._note_failure = note_failure
        self._seen: Stamp = None
        self._loaded: tuple[Pointer, Version] | None = None
        self._retry_at = float("inf")
        self._stopping = threading.Event()
        self._task = f"reload-{role}"
        self._thread = threading.Thread(target=self._run, name=self._task, daemon=True)

    def start(self) -> None:
        """Load the published model, then keep polling."""
        attempt(self._task, self.check, self._metrics.errors.record)
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def check(self) -> None:
        """Load the published model if it is not the one in use."""
        self._refresh()
        stamp = read_stamp(self._store.pointer(self._role))
        if stamp == self._seen and time.monotonic() < self._retry_at:
            return
        self._seen, self._retry_at = stamp, time.monotonic() + RETRY_SECONDS
        if stamp is None:
            self._lose_model()
        else:
            try:
                self._load()
            except ModelRefusedError as error:
                # It may have been replaced, or even removed, while it was read.
                if read_stamp(self._store.pointer(self._role)) == stamp:
                    self._refuse(error)
                return
        self._note_failure(None)
        self._retry_at = float("inf")

    def _load(self) -> None:
        pointer = self._store.read_pointer(self._role)
        if pointer is None:
            return
        version = self._store.describe(pointer)
        if (pointer, version) == self._loaded:
            return
        with self._metrics.load_seconds.time():
            self._swap(self._store.load(pointer))
        self._loaded = pointer, version
        fields = {"role": self._role, "version": version.version}
        logger.info("model loaded", extra={"fields": fields})

    def _lose_model(self) -> None:
        if self._withdraw:
            self._loaded = None
            self._withdraw()

    def _refuse(self, error: ModelRefusedError) -> None:
        self._metrics.load_failures.labels(error.reason).inc()
        fields = {"role": self._role, "reason": error.reason, "detail": str(error)}
        logger.error("published model refused", extra={"fields": fields})
        self._note_failure(error.reason)

    def _run(self) -> None:
        run_forever(
            self._task,
            self.check,
            POLL_SECONDS,
            self._stopping.wait,
            self._metrics.errors.record,
        )
