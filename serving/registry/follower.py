"""The follower: a separate process that keeps the model store up to date.

Run as ``python -m serving.registry.follower``, for example in its own container, or
started by gunicorn's master. Only this process imports MLflow, so that the workers stay
small and start fast.
"""

import argparse
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from functools import partial

from serving.config import Config, ConfigError, variable_name
from serving.model.onnx_model import ModelRefusedError
from serving.model.status import explain_missing_model
from serving.model.store import CURRENT, Store
from serving.model.store.lock import StoreLock
from serving.monitoring.logs import configure_logging
from serving.monitoring.tasks import attempt, run_forever
from serving.registry.mlflow_registry import MlflowRegistry
from serving.registry.publishing.publisher import Verify
from serving.registry.registry import RegistryReplacedError
from serving.registry.sync import RegistrySync

logger = logging.getLogger("serving.registry.follower")  # __name__ is __main__

TASK = "follower"
STANDBY_SECONDS = 1.0

Wait = Callable[[float], bool]


def run(sync: RegistrySync, seconds: float, wait: Wait) -> None:
    """Poll until stopped, despite errors."""

    def poll() -> None:
        try:
            sync.poll()
        except RegistryReplacedError:
            restart()

    attempt(TASK, poll, sync.record_error)
    run_forever(TASK, poll, seconds, wait, sync.record_error)


def import_verification(config: Config) -> Verify:
    """Import ``verify`` without sharing its metrics with the workers."""
    os.environ.pop(variable_name("metrics_folder"), None)
    from serving.registry.publishing.verification import verify  # noqa: PLC0415

    return partial(verify, config=config)


def restart() -> None:
    """Restart this process: MLflow keeps connections to a database that is replaced."""
    command = [sys.executable, "-m", "serving.registry.follower", *sys.argv[1:]]
    os.execv(sys.executable, command)  # noqa: S606 -- our own command


def stand_by(lock: StoreLock, wait: Wait) -> bool:
    """Wait until no other follower is active; return False to stop instead."""
    if lock.acquire():
        return True
    logger.info("standing by: another follower is active")
    while not wait(STANDBY_SECONDS):
        if lock.acquire():
            logger.info("active: the other follower has stopped")
            return True
    return False


def create_sync(store: Store, config: Config, restarts: int = 0) -> RegistrySync:
    """Create the sync, which continues the previous follower's report."""
    registry = MlflowRegistry(config, find_served(store))
    return RegistrySync(registry, store, config, import_verification(config), restarts)


def require_model(store: Store, config: Config) -> None:
    """Exit with the reason if there is nothing to serve."""
    if store.published(CURRENT) is None:
        sys.exit(explain_missing_model(store.read_report(), config))


def main() -> None:
    """Run the follower."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--once",
        action="store_true",
        help="poll once, then exit, with an error if there is nothing to serve",
    )
    parser.add_argument(
        "--with-parent",
        action="store_true",
        help="exit when standard input is closed, that is, with the parent process",
    )
    parser.add_argument(
        "--restarts", type=int, default=0, help="number of restarts to report"
    )
    arguments = parser.parse_args()
    signals = _Signals()
    config = _read_config()
    configure_logging(config)
    store = Store(config.store)
    lock = StoreLock(store.folder)
    if arguments.once:
        if lock.acquire():  # otherwise, another follower has synced the store
            create_sync(store, config).poll()
        require_model(store, config)
        return
    wait = signals.wait_with_parent if arguments.with_parent else signals.wait
    if stand_by(lock, wait):
        sync = create_sync(store, config, arguments.restarts)
        run(sync, config.poll_seconds, wait)


def find_served(store: Store) -> str | None:
    """Return the name of the model in the store; None if none can be read."""
    try:
        pointer = store.read_pointer(CURRENT)
        return store.describe(pointer).name if pointer else None
    except ModelRefusedError:
        return None


def _read_config() -> Config:
    """Read the settings; exit with one line if one is invalid."""
    try:
        return Config.from_env()
    except ConfigError as error:
        sys.exit(str(error))


class _Signals:
    """Ends the process on SIGTERM and SIGINT.

    Extension modules turn SystemExit into ImportError while they are imported; then the
    next wait ends the loop.
    """

    def __init__(self) -> None:
        self._has_come = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def wait(self, seconds: float) -> bool:
        """Wait; return whether to stop."""
        time.sleep(seconds)
        return self._has_come

    def wait_with_parent(self, seconds: float) -> bool:
        """Wait; return True as soon as the parent process has exited."""
        closed, _, _ = select.select([sys.stdin], [], [], seconds)
        return bool(closed) or self._has_come

    def _stop(self, *_: object) -> None:
        self._has_come = True
        sys.exit(0)


if __name__ == "__main__":
    main()
