"""Collects the warnings of fits, which are repeated in each fold."""

import re
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

TIME = re.compile(r"\[\d\d:\d\d:\d\d\] ")  # XGBoost writes it before its warnings

_collecting: dict[int, Counter[str]] = {}  # by thread
_lock = threading.Lock()
_installed = ExitStack()


@contextmanager
def collect_warnings() -> Iterator[Counter[str]]:
    """Count the warnings of a fit by their text, instead of showing each one.

    Candidates may be trained in several threads. ``warnings.catch_warnings`` alone
    would mix their warnings, because Python's filters and handler are global.
    """
    thread, found = threading.get_ident(), Counter[str]()
    with _lock:
        if not _collecting:
            _installed.enter_context(warnings.catch_warnings())
            warnings.simplefilter("always")
            warnings.showwarning = _collect
        _collecting[thread] = found
    try:
        yield found
    finally:
        with _lock:
            del _collecting[thread]
            if not _collecting:
                _installed.close()


def _collect(
    message: Warning | str, category: type[Warning], *_: Any, **__: Any
) -> None:
    content = TIME.sub("", " ".join(str(message).split()))
    text = f"{category.__name__}: {content}"
    mine = _collecting.get(threading.get_ident())
    # The fit that started another thread is unknown.
    for found in [mine] if mine is not None else list(_collecting.values()):
        found[text] += 1
