"""Small SVG charts in the colours of the page."""

import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

WIDTH, HEIGHT = 240.0, 64.0
WIDE, HIGH = 640.0, 210.0
LEFT, BOTTOM = 56.0, 48.0  # of the axes of the wide chart
STEPS = {0.25: 0.05, 0.5: 0.1, 1.0: 0.25}  # between its lines, up to a range
FLOOR = 0.25  # of the threshold: lower values are clipped at this distance below zero


def draw_evidence(values: Sequence[float], threshold: float) -> Markup:
    """Draw evidence over time, with the threshold as a dashed line.

    Args:
        values: Log e at regular intervals.
        threshold: Log e that is sufficient evidence.
    """
    top, bottom = 2 * threshold, -FLOOR * threshold

    def scale(value: float) -> float:
        kept = min(max(value, bottom), top)
        return 4 + (HEIGHT - 8) * (top - kept) / (top - bottom)

    step = WIDTH / max(len(values) - 1, 1)
    points = [f"{place * step:.1f},{scale(v):.1f}" for place, v in enumerate(values)]
    if len(points) == 1:
        points.append(f"{WIDTH},{scale(values[0]):.1f}")
    line = scale(threshold)
    color = "shown" if values and max(values) >= threshold else "calm"
    return Markup(  # noqa: S704  (numbers only)
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img"'
        ' aria-label="Evidence over time">'
        f'<line class="limit" x1="0" x2="{WIDTH:g}" y1="{line:.1f}" y2="{line:.1f}"/>'
        f'<polyline class="{color}" points="{" ".join(points)}"/></svg>'
    )


def draw_bins(bins: Sequence[dict[str, Any]]) -> Markup:
    """Draw the shares of the reference and the recent windows, bin by bin."""
    shares = [each[key] or 0.0 for each in bins for key in ("reference", "recent")]
    most = max([*shares, 1e-9])
    slot = WIDTH / len(bins)
    bar = min(slot * 0.42, 28)

    def draw(share: float, x: float, kind: str) -> str:
        height = (HEIGHT - 2) * share / most
        return (
            f'<rect class="{kind}" x="{x:.1f}" y="{HEIGHT - height:.1f}"'
            f' width="{bar:.1f}" height="{height:.1f}"/>'
        )

    columns = []
    for place, each in enumerate(bins):
        middle = slot * (place + 0.5)
        before, now = each["reference"] or 0.0, each["recent"] or 0.0
        title = Markup("<title>{}: {:.1%}, now {:.1%}</title>").format(
            each["name"], before, now
        )
        rectangles = draw(before, middle - bar, "before") + draw(now, middle, "now")
        columns.append(f"<g>{title}{rectangles}</g>")
    return Markup(  # noqa: S704  (names were escaped)
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img"'
        ' aria-label="Share of each bin, in training and now">'
        f"{''.join(columns)}"
        f'<line class="axis" x1="0" x2="{WIDTH:g}" y1="{HEIGHT:g}" y2="{HEIGHT:g}"/>'
        "</svg>"
    )


def draw_accuracy(
    timeline: Sequence[dict[str, Any]], held_out: dict[str, float]
) -> Markup:
    """Draw accuracy and confidence over time, and the share of rows with labels."""
    lows = [each["accuracy"]["low"] for each in timeline if each["accuracy"]]
    low: float = min(
        [*lows, held_out["low"], *(each["confidence"] for each in timeline)]
    )
    step = next(each for most, each in STEPS.items() if 1 - low <= most)
    lines = max(1, math.ceil((1 - low) / step))
    floor = 1 - lines * step
    bottom = HIGH - BOTTOM - 18
    slot = (WIDE - LEFT) / max(len(timeline), 1)

    def scale(value: float) -> float:
        return 8 + (bottom - 8) * (1 - value) / (1 - floor)

    parts = [
        f'<rect class="band" x="{LEFT:g}" y="{scale(held_out["high"]):.1f}"'
        f' width="{WIDE - LEFT:g}"'
        f' height="{scale(held_out["low"]) - scale(held_out["high"]):.1f}"/>'
    ]
    for value in (1 - number * step for number in range(lines + 1)):
        y = scale(value)
        parts.append(
            f'<line class="grid" x1="{LEFT:g}" x2="{WIDE:g}" y1="{y:.1f}"'
            f' y2="{y:.1f}"/><text x="{LEFT - 6:g}" y="{y + 4:.1f}"'
            f' text-anchor="end">{value:.3g}</text>'
        )
    confidences = []
    for place, each in enumerate(timeline):
        x = LEFT + slot * (place + 0.5)
        confidences.append(f"{x:.1f},{scale(each['confidence']):.1f}")
        parts.append(_draw_point(each, x, slot, scale))
    parts.append(f'<polyline class="expected" points="{" ".join(confidences)}"/>')
    y = HIGH - BOTTOM + 20
    parts.append(
        f'<text x="{LEFT - 6:g}" y="{y:.1f}" text-anchor="end">labels</text>'
        f'<line class="axis" x1="{LEFT:g}" x2="{WIDE:g}" y1="{y:g}" y2="{y:g}"/>'
    )
    if timeline:
        parts.append(
            f'<text x="{LEFT:g}" y="{HIGH - 6:g}">{show_time(timeline[0]["at"])}'
            f'</text><text x="{WIDE:g}" y="{HIGH - 6:g}" text-anchor="end">'
            f"{show_time(timeline[-1]['at'])}</text>"
        )
    return Markup(  # noqa: S704  (numbers and times only)
        f'<svg class="wide" viewBox="0 0 {WIDE:g} {HIGH:g}" role="img"'
        f' aria-label="Accuracy over time">{"".join(parts)}</svg>'
    )


def _draw_point(each: dict[str, Any], x: float, slot: float, scale: Any) -> str:
    height = 20 * each["labelled"] / each["rows"]
    base = HIGH - BOTTOM + 20
    width = min(slot * 0.7, 14)
    drawn = (
        f'<rect class="labels" x="{x - width / 2:.1f}" y="{base - height:.1f}"'
        f' width="{width:.1f}" height="{height:.1f}"/>'
    )
    accuracy = each["accuracy"]
    if accuracy:
        drawn += (
            f'<line class="interval" x1="{x:.1f}" x2="{x:.1f}"'
            f' y1="{scale(accuracy["low"]):.1f}" y2="{scale(accuracy["high"]):.1f}"/>'
            f'<circle class="point" cx="{x:.1f}" cy="{scale(accuracy["value"]):.1f}"'
            ' r="2.6"/>'
        )
    title = (
        f"{show_time(each['at'])}: {each['labelled']} of {each['rows']} rows labelled"
    )
    return f"<g><title>{title}</title>{drawn}</g>"


def show_time(iso: str) -> str:
    """Format a time for readers, in UTC."""
    return iso[:16].replace("T", " ")
