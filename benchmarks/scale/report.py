"""Writes benchmarks/SCALE.md with the figures of all contenders."""

import importlib.metadata
import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime

from benchmarks.scale.contenders import HERE, OURS, Contender
from benchmarks.scale.results import Results

PACKAGES = ("kedro", "mlflow", "onnxruntime", "pandas", "pyarrow", "scikit-learn")
PEERS = ("polars", "pyspark")
PREAMBLE = (
    "The rows are generated from the Iris data: an id and four measurements, in a"
    " Parquet file with row groups of 262,144 rows. Each contender runs in a"
    " separate process, with as many cores and threads as the table says; within a"
    " round, contenders take turns. Seconds are medians of whole processes,"
    " including their start. Rows per second and the CPU time of a row exclude the"
    " start: they come from the difference between two sizes. `ours ÷ theirs` is the"
    " median of the ratios of these rates within a round, with ours in one process."
    " Memory is the highest sum of the resident memory of a contender's processes.",
    "",
    "Ours is `kedro run --pipelines batch_inference`, which also counts, looks for"
    " drift, writes a report to MLflow, and can be resumed. The scripts by hand"
    " (`scale/by_hand`) check the same ranges, keep rejects, and write the same"
    " columns; the ones with MLflow write what its models return, unchecked, and only"
    " classes from scikit-learn's.",
)


def write_results(
    measured: dict[str, Results], contenders: list[Contender], command: str
) -> list[str]:
    """Return the section on batch scoring, as lines of Markdown."""
    return [
        "## Batch scoring",
        "",
        f"`{command}` on {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores,"
        f" Python {platform.python_version()}, {_list_versions(contenders)}.",
        "",
        *PREAMBLE,
        *(
            line
            for kind, results in measured.items()
            for line in (
                "",
                f"### {kind.capitalize()}",
                "",
                *write_table(results, contenders),
            )
        ),
    ]


def write_table(results: Results, contenders: list[Contender]) -> list[str]:
    """Return the figures of a model."""
    sizes = sorted({rows for by_rows in results.runs.values() for rows in by_rows})
    titles = ["", "cores", *(f"{rows:,} rows, s" for rows in sizes)]
    titles += ["rows/s", "ours ÷ theirs", "CPU, µs a row", "memory, MiB"]
    titles += ["written, bytes a row"]
    lines = [_join(titles), _join(["---"] * len(titles))]
    for each in contenders:
        if results.has(each.name):
            lines.append(_join(_list_cells(each, results, sizes)))
    return lines


def _list_cells(
    contender: Contender, results: Results, sizes: list[int]
) -> Iterator[str]:
    name = contender.name
    yield from (name, str(contender.cores))
    for rows in sizes:
        seconds = results.seconds(name, rows)
        yield "" if seconds is None else f"{seconds:.1f}"
    yield f"{results.rate(name):,.0f}"
    has_ours = results.has(OURS.name) and name != OURS.name
    yield f"{results.ratio(OURS.name, name):.2f}" if has_ours else ""
    yield f"{1e6 * results.cpu(name):.2f}"
    yield f"{results.memory(name) / 2**20:,.0f}"
    yield f"{results.written(name):.0f}"


def _join(cells: Iterator[str] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _list_versions(contenders: list[Contender]) -> str:
    own = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    names = sorted({each.environment for each in contenders if each.environment})
    files = [HERE / "requirements" / f"{name}.txt" for name in names]
    wanted = {line for file in files for line in file.read_text().split()}
    others = [line.replace("==", " ") for line in wanted if line.startswith(PEERS)]
    return ", ".join(sorted({*own, *others}))
