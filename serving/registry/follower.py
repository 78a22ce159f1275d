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

from serving.config import Config
from serving.model.status import explain_missing_model
from serving.model.store import CURRENT, Store
from serving.monitoring.logs import configure_logging
from serving.registry.mlflow_registry import MlflowRegistry, RegistryReplacedError
from serving.registry.sync import Registry, RegistrySync


def run(registry: Registry, config: Config, *, with_parent: bool) -> None:
    """Poll until stopped, or until the parent process is gone."""
    sync = RegistrySync(registry, Store(config.store), config)
    while True:
        sync.poll()
        if not _pause(config.follow_seconds or 1.0, with_parent=with_parent):
            return


def fetch(registry: Registry, config: Config) -> None:
    """Poll once; exit with the reason if there is nothing to serve."""
    store = Store(config.store)
    RegistrySync(registry, store, config).poll()
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
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    config = Config.from_env()
    configure_logging(config)
    if arguments.once:
        fetch(MlflowRegistry(config), config)
        return
    try:
        run(MlflowRegistry(config), config, with_parent=arguments.with_parent)
    except RegistryReplacedError:
        # MLflow keeps its connections to the old file; only a new process drops them.
        command = [sys.executable, "-m", "serving.registry.follower", *sys.argv[1:]]
        os.execv(sys.executable, command)  # noqa: S606 -- our own command


def _pause(seconds: float, *, with_parent: bool) -> bool:
    """Wait; return False when the parent process is gone."""
    if not with_parent:
        time.sleep(seconds)
        return True
    closed, _, _ = select.select([sys.stdin], [], [], seconds)
    return not closed


if __name__ == "__main__":
    main()
