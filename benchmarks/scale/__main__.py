"""Compares batch scoring with its alternatives; requires Linux and two cores.

make bench-scale                           10 million rows, about 13 minutes
make bench-scale ARGS=--long               100 million too, and Spark; an hour or two
make bench-scale ARGS="--dask"             Dask too
make bench-scale ARGS="--model 'random forest' --rounds 1 --no-write"
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from benchmarks.pages import insert
from benchmarks.project import PROJECT, ensure_environment
from benchmarks.scale.checking import check_scores, read_scores
from benchmarks.scale.contenders import (
    CONTENDERS,
    HERE,
    OURS_DASK,
    SPARK,
    Contender,
)
from benchmarks.scale.measuring import run
from benchmarks.scale.models import CANDIDATES, prepare
from benchmarks.scale.report import write_results, write_table
from benchmarks.scale.results import STEADY, Results
from benchmarks.scale.rows import write_rows

RESULTS = PROJECT / "benchmarks/SCALE.md"
MILLION = 1_000_000
FASTEST = "logistic regression"
SIZES = {FASTEST: [MILLION, STEADY]}
SMALLER = [MILLION, 2 * MILLION]  # of trees, which take ten times as long
LARGEST = 100 * MILLION

console = Console(width=150)


def main() -> None:
    """Measure, print and write."""
    options = read_options()
    kinds = [options.model] if options.model else [*CANDIDATES]
    contenders = choose(options)
    for each in contenders:
        if name := each.environment:
            ensure_environment(f"scale-{name}", HERE / "requirements" / f"{name}.txt")
    measured = {}
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        for kind in kinds:
            console.print(f"training a {kind}")
            model = prepare(kind, folder / kind.replace(" ", "_"))
            sizes = choose_sizes(kind, options)
            measured[kind] = compare(contenders, model, folder, sizes, options.rounds)
            console.print(Markdown("\n".join(write_table(measured[kind], contenders))))
    if options.no_write:
        return
    form = " --long" if options.long else ""
    form += " --dask" if options.dask else ""
    command = f'make bench-scale ARGS="--rounds {options.rounds}{form}"'
    insert(RESULTS, "scoring", write_results(measured, contenders, command))
    console.print("written to benchmarks/SCALE.md")


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--long", action="store_true", help="more rows, and Spark")
    parser.add_argument("--model", choices=[*CANDIDATES])
    parser.add_argument("--only", default="", help="names of contenders, with commas")
    parser.add_argument("--rows", type=int, nargs="+", help="of each file")
    parser.add_argument("--dask", action="store_true", help="ours on Dask too")
    parser.add_argument("--spark", action="store_true", help="Spark too; it needs Java")
    parser.add_argument("--folder", help="for rows and scores; 10 GB with --long")
    parser.add_argument("--no-write", action="store_true")
    options = parser.parse_args()
    if options.rows and len(options.rows) < 2:  # noqa: PLR2004
        parser.error("--rows needs two numbers: rates come from their difference")
    if not options.no_write and (options.model or options.only or options.rows):
        parser.error("results of a part are not written: add --no-write")
    return options


def choose(options: argparse.Namespace) -> list[Contender]:
    """Choose the contenders of the command line."""
    everybody = [*CONTENDERS]
    if options.dask:
        everybody.insert(2, OURS_DASK)
    if options.spark or (options.long and shutil.which("java")):
        everybody.append(SPARK)
    names = [name.lower() for name in options.only.split(",") if name]
    return [
        each
        for each in everybody
        if not names or any(name in each.name.lower() for name in names)
    ]


def choose_sizes(kind: str, options: argparse.Namespace) -> list[int]:
    """Return the numbers of rows for a model."""
    if options.rows:
        return sorted(options.rows)
    if options.long:
        return [MILLION, STEADY, LARGEST]
    return SIZES.get(kind, SMALLER)


def compare(
    contenders: list[Contender],
    model: Path,
    folder: Path,
    sizes: list[int],
    rounds: int,
) -> Results:
    """Run the contenders in turns, and check that they do the same."""
    results, expected, scores = Results(), None, folder / "scores"
    for contender, rows, number in _plan(contenders, sizes, rounds):
        taken = run(contender, model, make_rows(folder, rows), scores)
        results.add(contender.name, rows, taken)
        console.print(
            f"{number}: {contender.name}, {rows:,} rows: {taken.seconds:.1f} s,"
            f" {taken.cpu:.1f} s of CPU time, {taken.memory / 2**20:,.0f} MiB"
        )
        if number == 1 and rows == sizes[0]:
            table = read_scores(contender, scores)
            expected = table if expected is None else expected
            check_scores(contender, table, expected)
    shutil.rmtree(scores)
    return results


def make_rows(folder: Path, rows: int) -> Path:
    """Return a file with some rows, which is written on first use."""
    path = folder / f"{rows}.parquet"
    return path if path.exists() else write_rows(path, rows)


def _plan(
    contenders: list[Contender], sizes: list[int], rounds: int
) -> Iterator[tuple[Contender, int, int]]:
    """Yield the contender, number of rows and round of each run."""
    for number in range(1, rounds + 1):
        for rows in sizes:
            for each in contenders:
                if rows <= each.largest and (number == 1 or rows <= STEADY):
                    yield each, rows, number


if __name__ == "__main__":
    main()
