"""The style of figures in notebooks, reports and MLflow."""

from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's colours, which people with colour blindness can distinguish.
COLORS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442"]
MUTED = "#8A8F98"

# For matplotlib.rcParams. Nodes do not set it, because it is global; notebooks do.
MATPLOTLIB: Any = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": "medium",
    "axes.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "figure.dpi": 110,
    "grid.color": "#E3E5E8",
    "legend.frameon": False,
    "savefig.facecolor": "white",
}


def color_by_name(names: list[str]) -> dict[str, str]:
    """Assign a colour to each name, by its position."""
    return {name: COLORS[number % len(COLORS)] for number, name in enumerate(names)}


def use() -> None:
    """Use this style for all figures of this process, for notebooks."""
    mpl.rcParams.update(MATPLOTLIB)


def new_figure(
    width: float, height: float, rows: int = 1, columns: int = 1, **arguments: Any
) -> tuple[Figure, Any]:
    """Return a figure with a size in inches, and its axes.

    It is not created with pyplot, which would keep it and show it twice.
    """
    figure = Figure(figsize=(width, height))
    return figure, figure.subplots(rows, columns, **arguments)


def new_grid(
    count: int, columns: int, width: float, height: float, **arguments: Any
) -> tuple[Figure, list[Axes]]:
    """Return a figure with a number of axes, and those axes row by row.

    Args:
        count: Number of axes, at least one.
        columns: Maximum number of axes in a row.
        width: Width of each, in inches.
        height: Height of each, in inches.
        arguments: Arguments of ``Figure.subplots``.
    """
    columns = min(count, columns)
    rows = -(-count // columns)
    figure, grid = new_figure(
        width * columns, height * rows, rows, columns, squeeze=False, **arguments
    )
    places = list(grid.ravel())
    for axes in places[count:]:
        axes.remove()
    for axes in places[max(count - columns, 0) : count]:
        axes.tick_params(labelbottom=True)  # also above an empty place
    return figure, places[:count]


def write_note(text: str) -> Figure:
    """Return a figure with a sentence that explains why there is nothing to draw."""
    figure, axes = new_figure(8, 0.5)
    axes.set_axis_off()
    axes.text(0, 0.5, text, va="center", color=MUTED, fontsize="large")
    return figure


def words(name: str) -> str:
    """Return a name for readers, with spaces."""
    return name.replace("_", " ")
