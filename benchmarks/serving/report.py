"""What was measured, on the terminal, as Markdown and as a picture."""

import importlib.metadata
import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from rich.console import Console
from rich.table import Table

# Results by model, contender and figure: a value for each round.
Results = dict[str, dict[str, dict[str, list[float]]]]

OURS, TUNED = "iris-kedro", "FastAPI, ONNX, tuned"
PACKAGES = ("flask", "gunicorn", "uvicorn", "onnxruntime", "mlflow", "scikit-learn")
BLUE, GREY = "#0072B2", "#999999"  # of Okabe and Ito's palette


@dataclass(frozen=True)
class Figure:
    """A measured quantity.

    Attributes:
        key: Its name in the results.
        title: Its name for people, with the unit.
        more_is_better: Whether more of it is better.
        digits: Digits after the point.
    """

    key: str
    title: str
    more_is_better: bool = True
    digits: int = 0


FIGURES = (
    Figure("requests", "requests/s, 16 connections"),
    Figure("p50", "p50, 1 connection, ms", more_is_better=False, digits=2),
    Figure("p99", "p99, 1 connection, ms", more_is_better=False, digits=2),
    Figure("matrix", "rows/s, matrix of 1,000"),
    Figure("objects", "rows/s, 1,000 objects"),
    Figure("csv", "rows/s, CSV of 1,000"),
    Figure("start", "start to first answer, s", more_is_better=False, digits=2),
    Figure("memory", "memory, MiB", more_is_better=False),
    Figure("failed", "failed requests", more_is_better=False),
)


def ratio(results: Results, model: str, figure: str, other: str) -> float | None:
    """Return the median of our ratio to another contender, round by round."""
    ours = results[model].get(OURS, {}).get(figure)
    theirs = results[model].get(other, {}).get(figure)
    if not ours or not theirs or not all(theirs):
        return None
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=False))


def print_results(results: Results, console: Console) -> None:
    """Print a table for each model: medians, and our ratio to each."""
    for model, by_contender in results.items():
        table = Table(title=model.replace("_", " "))
        table.add_column("")
        for figure in FIGURES:
            table.add_column(figure.title, justify="right")
        for name, values in by_contender.items():
            table.add_row(
                name, *(_cell(results, model, name, f) for f in FIGURES if values)
            )
        console.print(table)


def write_results(
    results: Results, extra: list[str], opponents: str, command: str, path: Path
) -> None:
    """Write everything with machine and versions, and the picture beside it."""
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in PACKAGES)
    lines = [
        "# The service and what a user would pick instead",
        "",
        f"`{command}` on {datetime.now(UTC):%Y-%m-%d}; {_processor()}, {os.cpu_count()}"
        f" cores, Python {platform.python_version()}, {versions}.",
        "",
        "Each server has one core and the load comes from another; contenders take"
        " turns. Medians of the rounds; in brackets our figure divided by theirs, the"
        " median of the ratios within a round; latencies also of windows of one second"
        " within each. Ours has validation, metrics, a log line"
        " for each request and model following switched on. Memory is the proportional"
        " set size of a worker and its master; our follower, one for any number of"
        " workers, has about 200 MiB of its own while it runs.",
        "",
        f"The others have environments of their own: {opponents}. Those over MLflow,"
        " BentoML, LitServe and MLServer answer with labels only.",
        "",
        "![Requests per second](results.svg)",
        "",
    ]
    for model, by_contender in results.items():
        lines += [f"## {model.replace('_', ' ').capitalize()}", ""]
        lines += ["| | " + " | ".join(figure.title for figure in FIGURES) + " |"]
        lines += ["| --- |" + " ---: |" * len(FIGURES)]
        for name in by_contender:
            cells = [_cell(results, model, name, figure) for figure in FIGURES]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        lines.append("")
    path.write_text("\n".join([*lines, *extra, ""]))
    draw(results, path.with_name("results.svg"))


def draw(results: Results, path: Path) -> None:
    """Draw requests and rows per second of all, ours in colour."""
    mpl.use("svg")
    panels = [(model, f) for model in results for f in (FIGURES[0], FIGURES[3])]
    drawing, places = plt.subplots(
        len(results), 2, figsize=(11, 0.6 + 2.6 * len(results)), squeeze=False
    )
    for axes, (model, figure) in zip(places.flat, panels, strict=True):
        medians = {
            name: statistics.median(values[figure.key])
            for name, values in results[model].items()
            if values.get(figure.key)
        }
        names = sorted(medians, key=lambda name: medians[name])
        colors = [BLUE if name == OURS else GREY for name in names]
        bars = axes.barh(names, [medians[name] for name in names], color=colors)
        axes.bar_label(bars, fmt="{:,.0f}", padding=3)
        axes.margins(x=0.18)
        axes.set_title(f"{model.replace('_', ' ')}: {figure.title}", loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_visible(False)
    drawing.tight_layout()
    drawing.savefig(path, metadata={"Date": None})
    plt.close(drawing)


def _cell(results: Results, model: str, name: str, figure: Figure) -> str:
    values = results[model][name].get(figure.key)
    if not values:
        return ""
    if figure.key == "failed":
        return f"{sum(values):.0f}"
    text = f"{statistics.median(values):,.{figure.digits}f}"
    ours = ratio(results, model, figure.key, name)
    return text if name == OURS or ours is None else f"{text} ({ours:.2f})"


def _processor() -> str:
    find: Callable[[str], list[str]] = lambda start: [  # noqa: E731
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith(start)
    ]
    return next(iter(find("model name")), platform.machine())
