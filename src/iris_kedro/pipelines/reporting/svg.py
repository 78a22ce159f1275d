"""SVG without background, with text in the colour of the page around it.

So one file suits light and dark pages.
"""

import io
from collections.abc import Iterable

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from iris_kedro.style import MUTED, words

INK = "#010203"  # is replaced by the page's own colour, and used for nothing else
OWN_STYLE = (
    "<style>svg{color:#1d2127}"
    "@media (prefers-color-scheme:dark){svg{color:#e4e7eb}}</style>"
)


def new_axes(height: float) -> tuple[Figure, Axes]:
    """Return a figure of a height, in inches, with empty axes."""
    # Figure itself, not pyplot: nothing global. Each element gets its colour, because
    # matplotlib's defaults are global as well.
    figure = Figure(figsize=(6.4, height), layout="constrained")
    axes = figure.subplots()
    axes.tick_params(colors=INK, length=0)
    axes.grid(True, color=MUTED, alpha=0.3, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure, axes


def name_axes(axes: Axes, x: str, y: str = "") -> None:
    """Name both axes."""
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)


def set_rows(axes: Axes, names: Iterable[str]) -> None:
    """Name the rows of a horizontal figure, from top to bottom."""
    labels = [words(name) for name in names]
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.grid(False, axis="y")


def add_legend(axes: Axes, columns: int) -> None:
    """Add a legend above the figure."""
    axes.legend(
        frameon=False,
        labelcolor=INK,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=columns,
    )


def write_svg(figure: Figure) -> str:
    """Write a figure as SVG."""
    file = io.StringIO()
    # Text stays text: it is smaller, can be read aloud and has the page's font.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "card"}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    opening, rest = svg.split(">", 1)
    return f"{opening}>{OWN_STYLE}{rest}"
