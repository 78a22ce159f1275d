"""A progress bar for what takes more than a few seconds."""

from collections.abc import Collection, Iterator
from typing import TypeVar

import rich
from rich.progress import track as track_on_terminal

Item = TypeVar("Item")


def track(items: Collection[Item], title: str) -> Iterator[Item]:
    """Yield the items under a bar that shows how many are done.

    On a terminal the bar vanishes at its end; in a file or a pipe there is none. A
    notebook keeps it as HTML, for which rich would need widgets.
    """
    if rich.get_console().is_jupyter:
        yield from _track_in_notebook(items)
    else:
        yield from track_on_terminal(items, title, transient=True)


def _track_in_notebook(items: Collection[Item]) -> Iterator[Item]:
    # Only there for sure in a notebook.
    from IPython.display import ProgressBar  # noqa: PLC0415

    bar = ProgressBar(len(items))
    bar.display()
    for item in items:
        yield item
        bar.progress += 1
