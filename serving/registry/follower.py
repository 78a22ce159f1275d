"""The follower: a separate process that keeps the model store up to date.

Run as ``python -m serving.registry.follower``, in a container of its own for example,
or by gunicorn's master. MLflow is imported only here, so that the processes that
predict stay small and start fast.
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
from serving.registry.publisher import Prove
from serving.registry.registry import RegistryReplacedError
from serving.registry.sync import RegistrySync

logger = logging.getLogger("serving.registry.follower")  # __name__ is __main__

TASK = "follower"
STANDBY_SECONDS = 1.0

Wait = Callable[[float], bool]


def run(sync: RegistrySync, seconds: float, wait: Wait) -> None:
    """Poll until stopped, whatever happens."""

    def poll() -> None:
        try:
            sync.poll()
        except RegistryReplacedError:
            restart()

    attempt(TASK, poll, sync.record_error)
    run_forever(TASK, poll, seconds, wait, sync.record_error)


def import_proof(config: Config) -> Prove:
    """Return what proves models; its metrics are not shared with the workers."""
    os.environ.pop(variable_name("metrics_folder"), None)
    from serving.registry.proof import prove  # noqa: PLC0415

    return partial(prove, config=config)


def restart() -> None:
    """Replace this process: MLflow keeps its connections to a file that is gone."""
    command = [sys.executable, "-m", "serving.registry.follower", *sys.argv[1:]]
    os.execv(sys.executable, command)  # noqa: S606 -- our own command


def stand_by(lock: StoreLock, wait: Wait) -> bool:
    """Wait until no other follower keeps the store; return False to stop instead."""
    if lock.acquire():
        return True
    logger.info("another follower keeps the store")
    while not wait(STANDBY_SECONDS):
        if lock.acquire():
            logger.info("keeping the store from now on")
            return True
    return False


def create_sync(store: Store, config: Config, restarts: int = 0) -> RegistrySync:
    """Create what polls: it continues the report of the follower before."""
    registry = MlflowRegistry(config, find_served(store))
    return RegistrySync(registry, store, config, import_proof(config), restarts)


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
        help="poll once, then exit; fail if there is nothing to serve",
    )
    parser.add_argument(
        "--with-parent",
        action="store_true",
        help="exit when standard input closes, that is, with the parent process",
    )
    parser.add_argument(
        "--restarts", type=int, default=0, help="number of restarts, to be reported"
    )
    arguments = parser.parse_args()
    signals = _Signals()
    config = _read_config()
    configure_logging(config)
    store = Store(config.store)
    lock = StoreLock(store.folder)
    if arguments.once:
        if lock.acquire():  # or another follower is at work, and this takes what it has
            create_sync(store, config).poll()
        require_model(store, config)
        return
    wait = signals.wait_with_parent if arguments.with_parent else signals.wait
    if stand_by(lock, wait):
        sync = create_sync(store, config, arguments.restarts)
        run(sync, config.poll_seconds, wait)


def find_served(store: Store) -> str | None:
    """Return the name of the model in the store, if one can be read."""
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

    Extension modules that are being imported turn SystemExit into an ImportError: then
    the next wait ends the loop.
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
        """Wait; return True as soon as the parent process is gone."""
        closed, _, _ = select.select([sys.stdin], [], [], seconds)
        return bool(closed) or self._has_come

    def _stop(self, *_: object) -> None:
        self._has_come = True
        sys.exit(0)


if __name__ == "__main__":
    main()
