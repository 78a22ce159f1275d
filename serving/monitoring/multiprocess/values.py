"""The shared values of this process."""

import contextlib
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import prometheus_client.values
from prometheus_client.values import MultiProcessValue

from serving.monitoring.multiprocess.reserved_dict import ReservedDict


def use_reserved_files() -> None:
    """Make prometheus_client keep the values of this process in reserved files.

    Must be called before the first metric is created. prometheus_client may have been
    imported before its environment variable was set.
    """
    if not prometheus_client.values.ValueClass._multiprocess:
        prometheus_client.values.ValueClass = MultiProcessValue()
    # The only way: its value class looks up this name when it opens a file.
    prometheus_client.values.MmapedDict = ReservedDict  # type: ignore
    # prometheus_client cannot remove series from files, but `forget_series` can.
    warnings.filterwarnings("ignore", "Removal of labels", UserWarning)


def forget_series(is_unwanted: Callable[[str], bool]) -> None:
    """Remove this process's series from its files.

    The files must be locked, and the children of metrics must have been removed before;
    otherwise, writing to a child would restore its series.

    Args:
        is_unwanted: Called with prometheus_client's key: names and labels as JSON.
    """
    files, lock, values = _shared_state()
    with lock:
        for file in files.values():
            file.discard(is_unwanted)
        values[:] = [value for value in values if not is_unwanted(value._key)]


def share_values() -> None:
    """Write the values of this process for which there was no space before."""
    files, lock, _ = _shared_state()
    with lock:
        for file in files.values():
            if file.unshared:
                file.share()


def count_unshared_values() -> int:
    """Return the number of this process's values that had no space in its files."""
    files, _, _ = _shared_state()
    return sum(len(file.unshared) for file in list(files.values()))


def _shared_state() -> tuple[dict[str, ReservedDict], Any, list[Any]]:
    """Return the open files of this process, their lock and the values in them."""
    value_class = prometheus_client.values.ValueClass
    if not value_class._multiprocess:
        return {}, contextlib.nullcontext(), []
    state = inspect.getclosurevars(value_class.close_all_files).nonlocals
    return state["files"], state["lock"], state["values"]
