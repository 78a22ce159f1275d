"""Fills an empty store from another one, such as the one in an image with a model.

Run as ``python -m serving.model.store.seed FOLDER`` before the service starts.
"""

import argparse
import logging
import shutil
import sys
from pathlib import Path

from serving.config import Config, ConfigError
from serving.model.onnx_model import ModelRefusedError
from serving.model.store.store import CURRENT, MODEL_FILE, Store
from serving.monitoring.logs import configure_logging

logger = logging.getLogger("serving.model.store.seed")  # __name__ is __main__


def seed(store: Store, source: Store) -> bool:
    """Copy the model to serve from another store, unless the store has an intact one.

    The model is published atomically: if this is killed, it can be run again.

    Returns:
        Whether a model was copied.

    Raises:
        ModelRefusedError: If the other store has no model that passes its checks.
        OSError: If the store cannot be written.
    """
    if _is_filled(store):
        return False
    pointer = source.read_pointer(CURRENT)
    if pointer is None:
        raise ModelRefusedError("unreadable", f"{source.folder} contains no model")
    version = source.load(pointer).version
    with store.incoming() as folder:
        copy = folder / MODEL_FILE
        shutil.copyfile(source.folder / pointer.folder / MODEL_FILE, copy)
        store.publish(CURRENT, copy, version)
    return True


def main() -> None:
    """Fill the configured store; exit with one line if that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the store to copy from")
    folder = parser.parse_args().folder
    try:
        config = Config.from_env()
        configure_logging(config)
        is_seeded = seed(Store(config.store), Store(folder))
    except (ConfigError, ModelRefusedError, OSError) as error:
        sys.exit(f"The store was not filled from {folder}: {error}")
    fields = {"store": str(config.store), "source": str(folder)}
    message = "store filled" if is_seeded else "store already has a model"
    logger.info(message, extra={"fields": fields})


def _is_filled(store: Store) -> bool:
    try:
        pointer = store.read_pointer(CURRENT)
        return pointer is not None and bool(store.load(pointer))
    except ModelRefusedError:
        return False


if __name__ == "__main__":
    main()
