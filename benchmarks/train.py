"""Compares `kedro run` with a hand-written script, and measures how it scales.

    python -m benchmarks.train [--rounds 5] [--no-scaling] [--no-write]

Every run is a new process in a new folder with a new MLflow store. The contenders take
turns, so that a busy machine affects them equally. Results are written to TRAINING.md.
"""

import argparse
import importlib.metadata
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.markdown import Markdown
from sklearn.datasets import load_iris

from benchmarks.project import PROJECT, copy_project, run

SCRIPT = PROJECT / "benchmarks" / "plain_mlflow.py"
RESULTS = PROJECT / "benchmarks" / "TRAINING.md"
SEED_PAIR = ("logistic_regression", "random_forest")
ROWS = (150, 15_000, 150_000)

console = Console(width=100)


def run_kedro(folder: Path, csv: Path | None = None, *, only_pair: bool) -> None:
    """Run the project's pipelines in a new folder."""
    copy_project(folder, dict.fromkeys(SEED_PAIR) if only_pair else None)
    source = ["--params", f"data_engineering.source={csv}"] if csv else []
    command = [sys.executable, "-m", "kedro", "run", *source]
    run(command, folder, PYTHONPATH="")


def run_script(folder: Path, csv: Path | None = None) -> None:
    """Run the hand-written script."""
    command = [sys.executable, SCRIPT, folder, *([csv] if csv else [])]
    run(command, folder, PYTHONPATH="")


def measure(job: Callable[[Path], None]) -> float:
    """Return the seconds that a job takes in a new folder."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        job(Path(folder))
        return time.perf_counter() - begin


def compare(rounds: int) -> list[tuple[str, float, float]]:
    """Run the contenders in turns; return their medians and median ratios."""
    contenders: dict[str, Callable[[Path], None]] = {
        "script by hand, two candidates": run_script,
        "kedro run, the same two": lambda folder: run_kedro(folder, only_pair=True),
        "kedro run, all candidates": lambda folder: run_kedro(folder, only_pair=False),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, job in contenders.items():
            taken = measure(job)
            warm_up = "" if number else " (warm-up, not counted)"
            console.print(f"round {number} of {rounds}: {name}: {taken:.1f} s{warm_up}")
            if number:
                seconds[name].append(taken)
    (script, *_) = seconds.values()
    return [
        (
            name,
            statistics.median(times),
            statistics.median(a / b for a, b in zip(times, script, strict=True)),
        )
        for name, times in seconds.items()
    ]


def scale() -> list[tuple[int, float, float]]:
    """Return the seconds of kedro run and the script by amount of data."""
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for rows in ROWS:
            csv = Path(folder) / f"{rows}.csv"
            draw_rows(rows).to_csv(csv, index=False)
            ours = measure(lambda new, csv=csv: run_kedro(new, csv, only_pair=True))
            plain = measure(lambda new, csv=csv: run_script(new, csv))
            console.print(
                f"{rows:,} rows: kedro run {ours:.1f} s, script {plain:.1f} s"
            )
            results.append((rows, ours, plain))
    return results


def draw_rows(rows: int) -> pd.DataFrame:
    """Draw flowers near the real ones, with the same overlap of classes."""
    iris = load_iris(as_frame=True)
    generator = np.random.default_rng(42)
    chosen = generator.integers(len(iris.data), size=rows)
    noise = generator.normal(0, 0.15, (rows, iris.data.shape[1]))
    data = (iris.data.iloc[chosen] + noise).clip(0.1, 20).round(3)
    return data.assign(species=iris.target_names[iris.target.iloc[chosen]])


def describe(
    comparison: list[tuple[str, float, float]], scaling: list[tuple[int, float, float]]
) -> str:
    """Return the results with machine and versions, in Markdown."""
    packages = ("kedro", "kedro-mlflow", "mlflow", "scikit-learn", "skl2onnx", "pandas")
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in packages
    )
    lines = [
        "# Training: kedro run and a script written by hand",
        "",
        f"`make bench-train` on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores,"
        f" Python {platform.python_version()}, {versions}.",
        "",
        "Whole processes, each in a new folder with a new MLflow store, taking turns;"
        " medians, and medians of the ratios within a round. The script"
        " (`plain_mlflow.py`) searches the same two grids, logs both models with"
        " MLflow's defaults and registers the best. A Kedro run also validates, splits,"
        " draws figures, exports to ONNX with proof of parity, judges and reports.",
        "",
        "| | seconds | ratio to the script |",
        "| --- | --- | --- |",
        *[
            f"| {name} | {seconds:.1f} | {ratio:.2f} |"
            for name, seconds, ratio in comparison
        ],
        "",
    ]
    if scaling:
        lines += [
            "The same two candidates on more rows, one run each:",
            "",
            "| rows | kedro run, seconds | script, seconds |",
            "| --- | --- | --- |",
            *[
                f"| {rows:,} | {ours:.1f} | {plain:.1f} |"
                for rows, ours, plain in scaling
            ],
            "",
        ]
    return "\n".join(lines)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-scaling", action="store_true")
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    comparison = compare(options.rounds)
    scaling = [] if options.no_scaling else scale()
    text = describe(comparison, scaling)
    console.print(Markdown(text))
    if not options.no_write:
        RESULTS.write_text(text)
        console.print(f"written to {RESULTS.relative_to(PROJECT)}")


if __name__ == "__main__":
    main()
