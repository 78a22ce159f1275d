"""The style of figures and names in notebooks, reports and MLflow."""

# Okabe and Ito's colours, which people with colour blindness can distinguish.
COLORS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442"]
MUTED = "#8A8F98"


def words(name: str) -> str:
    """Return a name for readers, with spaces."""
    return name.replace("_", " ")
