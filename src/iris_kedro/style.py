"""The style of figures in notebooks, reports and MLflow."""

from typing import Any

# Okabe and Ito's colours, which people with colour blindness can distinguish.
COLORS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442"]
MUTED = "#8A8F98"

# For matplotlib.rcParams. Nodes do not set it, because it is global.
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


def words(name: str) -> str:
    """Return a name for readers, with spaces."""
    return name.replace("_", " ")
