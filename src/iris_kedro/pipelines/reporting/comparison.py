"""Node that draws the candidates, for kedro-viz."""

from typing import Any

import plotly.graph_objects as go

from iris_kedro.style import COLORS, words


def plot_candidates(card: dict[str, Any]) -> go.Figure:
    """Compare the candidates by what decides, in each fold."""
    board = card["leaderboard"]
    metric = words(board["metric"])
    figure = go.Figure()
    for number, entry in enumerate(board["candidates"]):
        figure.add_box(
            y=entry["folds"],
            name=words(entry["candidate"]),
            boxpoints="all",
            pointpos=0,
            marker_color=COLORS[number % len(COLORS)],
            showlegend=False,
        )
    return figure.update_layout(
        title=f"Candidates: {metric} in each fold of cross-validation",
        yaxis_title=metric,
        template="plotly_white",
    )
