"""The follower: a separate process that keeps the model store up to date.

Run as ``python -m serving.registry.follower``, or by gunicorn's master. MLflow is
imported only here, so that the processes that predict stay small and start fast.
"""

import argparse
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
from serving.monitoring.logs import configure_logging
from serving.monitoring.tasks import attempt, run_forever
from serving.registry.mlflow_registry import MlflowRegistry
from serving.registry.publisher import Prove
from serving.registry.registry import RegistryReplacedError
from serving.registry.sync import RegistrySync

TASK = "follower"


def run(sync: RegistrySync, seconds: float, wait: Callable[[float], bool]) -> None:
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


def fetch(sync: RegistrySync, store: Store, config: Config) -> None:
    """Poll once; exit with the reason if there is nothing to serve."""
    sync.poll()
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    config = _read_config()
    configure_logging(config)
    store = Store(config.store)
    registry = MlflowRegistry(config, find_served(store))
    prove = import_proof(config)
    sync = RegistrySync(registry, store, config, prove, arguments.restarts)
    if arguments.once:
        fetch(sync, store, config)
    else:
        wait = _wait_for_parent if arguments.with_parent else _sleep
        run(sync, config.follow_seconds or 1.0, wait)


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


def _sleep(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def _wait_for_parent(seconds: float) -> bool:
    """Wait; return True as soon as the parent process is gone."""
    closed, _, _ = select.select([sys.stdin], [], [], seconds)
    return bool(closed)


if __name__ == "__main__":
    main()
