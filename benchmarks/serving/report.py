"""The report: on the terminal, as Markdown and as a picture."""

import importlib.metadata
import os
import platform
import statistics
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from rich.console import Console
from rich.markdown import Markdown

from benchmarks.pages import find_processor, insert
from benchmarks.serving.contenders import OURS
from benchmarks.serving.load import Measured

# Results by model, contender and figure, with one value per round.
Results = dict[str, dict[str, dict[str, list[float]]]]

PACKAGES = ("flask", "gunicorn", "uvicorn", "onnxruntime", "mlflow", "scikit-learn")
PREAMBLE = (
    "Each server has one core, and the load generator has another; contenders take"
    " turns. Figures are medians of the rounds; in brackets, our figure divided by"
    " theirs, the median of the ratios within each round. Latencies are medians of"
    " windows of one second.",
    "",
    "Ours is measured as it runs in production: each request goes through a Flask view,"
    " is validated by marshmallow schemas, counted by prometheus_flask_exporter and by"
    " the metrics of its predictions, and logged as a line of JSON, while the service"
    " follows the registry.",
    "",
    "10,000 rows are sent in the fastest form that a contender accepts over HTTP"
    " without further code. For ours, these are binary tensors: FP32, in the Open"
    " Inference Protocol v2 with its binary extension, written by Triton's client, with"
    " labels and probabilities returned in the same way. MLflow's server gets CSV, the"
    " others a matrix in JSON: none of them accepts binary tensors, MLServer over gRPC"
    " only.",
    "",
    "Mixed rows are passengers with categories, a boolean, integers and missing values;"
    " the tuned FastAPI checks them with pydantic (Literal, Optional, ranges) and runs"
    " the same ONNX file.",
    "",
    "Memory is the proportional set size of a worker and its master after all loads."
    " The follower, one for any number of workers, uses about 200 MiB more.",
    "",
)
BLUE, GREY = "#0072B2", "#999999"  # of Okabe and Ito's palette


@dataclass(frozen=True)
class Figure:
    """A measured quantity.

    Attributes:
        key: Its name in the results.
        title: Its name in the tables, with the unit.
        digits: Number of decimals.
    """

    key: str
    title: str
    digits: int = 0


FIGURES = (
    Figure("requests", "requests/s, 16 connections"),
    Figure("p50", "p50, 1 connection, ms", digits=2),
    Figure("p99", "p99, 1 connection, ms", digits=2),
    Figure("matrix", "rows/s, matrix of 1,000"),
    Figure("objects", "rows/s, 1,000 objects"),
    Figure("csv", "rows/s, CSV of 1,000"),
    Figure("bulk", "rows/s, 10,000 rows, fastest form"),
    Figure("cpu", "CPU time of a request, µs"),
    Figure("start", "start to first answer, s", digits=2),
    Figure("memory", "memory, MiB"),
    Figure("failed", "failed requests"),
)


def ratio(results: Results, model: str, figure: str, other: str) -> float | None:
    """Return our ratio to another contender, the median of the rounds."""
    ours = results[model].get(OURS.name, {}).get(figure)
    theirs = results[model].get(other, {}).get(figure)
    if not ours or not theirs or not all(theirs):
        return None
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=False))


def print_results(results: Results, console: Console) -> None:
    """Print the table of each model."""
    for model in results:
        console.print(Markdown("\n".join(write_model(results, model))))


def write_model(results: Results, model: str) -> list[str]:
    """Return the table of a model: medians, and our ratio to each contender."""
    lines = [f"## {model.replace('_', ' ').capitalize()}", ""]
    lines += ["| | " + " | ".join(figure.title for figure in FIGURES) + " |"]
    lines += ["| --- |" + " ---: |" * len(FIGURES)]
    for name in results[model]:
        cells = [_cell(results, model, name, figure) for figure in FIGURES]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    bulk = describe_bulk(results, model)
    return [*lines, "", bulk] if bulk else lines


def describe_bulk(results: Results, model: str) -> str:
    """Compare our binary tensors with the best contender's 10,000 rows."""
    medians = {
        name: statistics.median(values["bulk"])
        for name, values in results[model].items()
        if values.get("bulk")
    }
    ours = medians.pop(OURS.name, None)
    best = max(medians, key=lambda name: medians[name], default=None)
    if ours is None or best is None:
        return ""
    return (
        f"10,000 rows as binary tensors: {ours:,.0f} rows/s,"
        f" {ratio(results, model, 'bulk', best):.2f} times as many as the fastest other"
        f" contender, {best}, with {medians[best]:,.0f}."
    )


def describe_ours(
    two_workers: list[float], plain: list[Measured], swapped: list[Measured]
) -> list[str]:
    """Describe the results that only concern our service.

    Args:
        two_workers: Throughput of two workers relative to one, for one row and for
            many.
        plain: Loads without a change of Production.
        swapped: Loads during a change.
    """
    row, batch = two_workers
    p99 = np.median([b.p99 / a.p99 for a, b in zip(plain, swapped, strict=True)])
    return [
        f"- Two workers answer {row:.2f} times as many requests of one row as one, and"
        f" {batch:.2f} times as many of 1,000 rows, on {os.cpu_count()} cores that the"
        " load generator shares.",
        f"- Production changes under load of 16 connections:"
        f" {sum(each.failed for each in swapped)} failed requests, p99"
        f" {np.median([each.p99 for each in swapped]):.1f} ms,"
        f" {p99:.2f} times that without a change.",
    ]


def write_results(
    results: Results, extra: list[str], opponents: str, command: str, path: Path
) -> None:
    """Write the results of each model into its section of the page.

    The introduction and the picture are about all tables, so that a run with a single
    model does not replace them.
    """
    for model in results:
        insert(path, model, write_model(results, model))
    if extra:
        insert(path, "ours_alone", ["## Ours alone", "", *extra])
    if len(results) > 1:
        insert(path, "introduction", introduce(opponents, command))
        draw(results, path.with_name("results.svg"))


def introduce(opponents: str, command: str) -> list[str]:
    """Return the text before the tables, with machine and versions."""
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in PACKAGES)
    return [
        f"`{command}` on {datetime.now(UTC):%Y-%m-%d}; {find_processor()},"
        f" {os.cpu_count()} cores, Python {platform.python_version()}, {versions}.",
        "",
        *PREAMBLE,
        f"The others have environments of their own: {opponents}. pyfunc, MLflow's"
        " server, BentoML, LitServe and MLServer return labels without probabilities.",
        "",
        "![Requests per second](results.svg)",
    ]


def draw(results: Results, path: Path) -> None:
    """Draw the requests and rows per second of all contenders, ours in color."""
    mpl.use("svg")
    panels = [
        (model, figure)
        for model in results
        for figure in (FIGURES[0], _choose_batch(results, model))
    ]
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
        colors = [BLUE if name == OURS.name else GREY for name in names]
        bars = axes.barh(names, [medians[name] for name in names], color=colors)
        axes.bar_label(bars, fmt="{:,.0f}", padding=3)
        axes.margins(x=0.18)
        axes.set_title(f"{model.replace('_', ' ')}: {figure.title}", loc="left")
        axes.spines[["top", "right"]].set_visible(False)
        axes.xaxis.set_visible(False)
    drawing.tight_layout()
    drawing.savefig(path, metadata={"Date": None})
    plt.close(drawing)


def _choose_batch(results: Results, model: str) -> Figure:
    """Choose the figure for many rows: a matrix, or objects if rows are not numbers."""
    matrix, objects = FIGURES[3:5]
    has_matrix = any(values.get(matrix.key) for values in results[model].values())
    return matrix if has_matrix else objects


def _cell(results: Results, model: str, name: str, figure: Figure) -> str:
    values = results[model][name].get(figure.key)
    if not values:
        return ""
    if figure.key == "failed":
        return f"{sum(values):.0f}"
    text = f"{statistics.median(values):,.{figure.digits}f}"
    ours = ratio(results, model, figure.key, name)
    return text if name == OURS.name or ours is None else f"{text} ({ours:.2f})"
