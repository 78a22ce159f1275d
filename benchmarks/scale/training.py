"""Measures the steps from a source to training and held-out rows, by number of rows.

    make bench-rows                              10 thousand to 5 million rows
    make bench-rows ARGS="--rows 10000 --no-write"

Each step is a Kedro node in its own process, which starts from the files of the step
before, like ``kedro run --nodes``. The peak is the process's maximum resident memory.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from benchmarks.pages import insert
from benchmarks.project import PROJECT, copy_project

RESULTS = PROJECT / "benchmarks/SCALE.md"
STEPS = ("fetch", "archive", "clean", "split")
PIECE = 250_000  # rows that are drawn at once
NUMBERS = 8  # and two categories
CATEGORIES = {"region": 12, "product": 40}
CLASSES = ("buyer", "visitor")
ROWS = [10_000, 100_000, 1_000_000, 5_000_000]
LIMIT = 6.0  # GiB


def describe() -> dict[str, object]:
    """Return the specification of the generated rows."""
    numbers = {
        f"measure_{number}": {
            "description": f"Measure {number}",
            "minimum": -100,
            "maximum": 100,
        }
        for number in range(NUMBERS)
    }
    categories = {
        name: {
            "type": "category",
            "categories": name_categories(name, count),
            "description": name.capitalize(),
        }
        for name, count in CATEGORIES.items()
    }
    target = {"name": "kind", "classes": list(CLASSES), "description": "Kind"}
    features = {**numbers, **categories}
    return {"name": "scale", "target": target, "features": features}


def name_categories(name: str, count: int) -> list[str]:
    """Return the names of categories."""
    return [f"{name} {number:02d}" for number in range(count)]


def write_rows(file: Path, rows: int) -> None:
    """Write rows as CSV, piece by piece; always the same rows."""
    generator = np.random.default_rng(42)
    for start in range(0, rows, PIECE):
        count = min(PIECE, rows - start)
        values = generator.normal(0, 10, (count, NUMBERS)).clip(-99, 99)
        data = pd.DataFrame(values, columns=[f"measure_{n}" for n in range(NUMBERS)])
        for name, many in CATEGORIES.items():
            names = np.array(name_categories(name, many))
            data[name] = names[generator.integers(many, size=count)]
        is_buyer = values[:, 0] + generator.normal(0, 10, count) > 0
        data["kind"] = np.where(is_buyer, *CLASSES)
        data.to_csv(file, index=False, mode="a", header=start == 0)


def make_project(folder: Path, source: Path) -> None:
    """Copy the project, with the generated rows as its dataset."""
    copy_project(folder)
    content = {"dataset": {**describe(), "source": str(source)}}
    (folder / "conf/base/globals.yml").write_text(yaml.safe_dump(content))


def run_step(folder: Path, step: str) -> tuple[float, float]:
    """Return the CPU time in seconds and the peak of memory in MiB of a step."""
    before = ["fetch_labelled", "select_labelled"] if step == "fetch" else []
    nodes = ",".join([*before, step])
    command = [sys.executable, "-m", "kedro", "run", "--nodes", nodes]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output = process.stdout.read().decode() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{step} failed:\n{output}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def limit_memory(gibibytes: float) -> None:
    """Make steps fail rather than use all memory of the machine."""
    limit = int(gibibytes * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def measure(rows: int, folder: Path) -> str:
    """Return a row of the table."""
    project, source = folder / "project", folder / "rows.csv"
    project.mkdir()
    write_rows(source, rows)
    make_project(project, source)
    cells = [run_step(project, step) for step in STEPS]
    figures = " | ".join(f"{seconds:.1f} / {peak:,.0f}" for seconds, peak in cells)
    return f"| {rows:,} | {source.stat().st_size / 1e6:,.0f} | {figures} |"


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--folder", type=Path, help="where the files go")
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    limit_memory(LIMIT)
    titles = ["rows", "CSV, MB", *(f"{each}, s / MiB" for each in STEPS)]
    table = [f"| {' | '.join(titles)} |", "| ---: " * len(titles) + "|"]
    print("\n".join(table))
    for rows in options.rows:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            table.append(measure(rows, Path(name)))
        print(table[-1], flush=True)
    if not options.no_write:
        insert(RESULTS, "rows", [*introduce(), "", *table])


def introduce() -> list[str]:
    """Return the text before the table."""
    return [
        "## From a source to training rows",
        "",
        f"`make bench-rows` on {datetime.now(UTC):%Y-%m-%d}: rows of 8 numbers and 2"
        " categories. Each step is a separate process (seconds of"
        " CPU time with its start, peak of resident memory), which cannot have more"
        f" than {LIMIT:g} GiB of data.",
    ]


if __name__ == "__main__":
    main()
