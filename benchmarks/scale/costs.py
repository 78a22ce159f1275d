"""Compute the cost of many rows from measured rates for docs/how-to/scale.md."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.scale.bookkeeping import Bookkeeping
from benchmarks.scale.contenders import OURS, OURS_TWO
from benchmarks.scale.results import Results
from iris_kedro.datasets.batch.rows import PART_ROWS
from iris_kedro.datasets.batch.writing.manifest import THREADS

BILLION, TRILLION = 10**9, 10**12
CORES = (10, 100, 1_000)
# Figures from the documentation of these systems.
TASK = 1e-3  # seconds per task of Dask's scheduler, at most
REQUEST = 0.02  # seconds per response of an object store
LISTED = 1_000  # objects in a response of S3
PUTS = 3_500  # objects per second that S3 accepts for a prefix
BUSY = 0.5  # share of its time that a scheduler may spend on tasks
LONGER = 16  # times as many rows in a part
HELD = 3  # copies of a part's scores in memory: batches, one table, the file


def write_costs(
    measured: dict[str, Results], rows: Path, few: int, parts: Bookkeeping
) -> list[str]:
    """Return the section, as lines of Markdown.

    Args:
        measured: Results by model, the fastest first.
        rows: A file with rows.
        few: Number of these rows.
        parts: The driver's overhead per part.
    """
    fastest = next(iter(measured.values()))
    read, written = rows.stat().st_size / few, fastest.written(OURS.name)
    return [
        "",
        *_write_times(measured),
        "",
        *_write_sizes(fastest.rate(OURS.name), read, written),
        "",
        *_write_limits(fastest.rate(OURS.name), written, parts),
    ]


def show_time(seconds: float) -> str:
    """Format a duration for people."""
    for unit, size in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:,.0f} s" if seconds >= 10 else f"{seconds:.1f} s"  # noqa: PLR2004


def show_bytes(size: float) -> str:
    """Format a size for people."""
    for unit, each in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= each:
            return f"{size / each:,.1f} {unit}"
    return f"{size:,.0f} bytes"


def _write_times(measured: dict[str, Results]) -> Iterator[str]:
    """Yield a table of times: rate per core times cores times their efficiency."""
    titles = ["rows", "model", "rows/s and core", *(f"{n:,} cores" for n in CORES)]
    yield f"| {' | '.join([*titles, 'core hours'])} |"
    yield f"|{' --- |' * (len(titles) + 1)}"
    for rows, name in ((BILLION, "10⁹"), (TRILLION, "10¹²")):
        for kind, results in measured.items():
            rate, share = results.rate(OURS.name), _measure_efficiency(results)
            seconds = rows / (rate * share)
            times = [show_time(seconds / cores) for cores in CORES]
            cells = [name, kind, f"{rate:,.0f}", *times, f"{seconds / 3600:,.1f}"]
            yield f"| {' | '.join(cells)} |"


def _measure_efficiency(results: Results) -> float:
    """Return the rate per core with several cores, relative to one core."""
    if not results.has(OURS_TWO.name):
        return 1.0
    return min(results.ratio(OURS_TWO.name, OURS.name) / 2, 1.0)


def _write_sizes(rate: float, read: float, written: float) -> Iterator[str]:
    yield "| | 10⁹ rows | 10¹² rows |"
    yield "| --- | --- | --- |"
    for title, each in (("read", read), ("written", written)):
        sizes = [show_bytes(each * rows) for rows in (BILLION, TRILLION)]
        yield f"| {title}, {each:.0f} bytes a row | {' | '.join(sizes)} |"
    counts = [f"{rows / PART_ROWS:,.0f}" for rows in (BILLION, TRILLION)]
    yield f"| parts of {PART_ROWS:,} rows | {' | '.join(counts)} |"
    traffic = [show_bytes(n * rate * (read + written)) for n in CORES]
    yield ""
    yield (
        "A core with the fastest model reads and writes"
        f" {show_bytes(rate * (read + written))} a second; {CORES[0]} cores"
        f" {traffic[0]}, {CORES[1]} cores {traffic[1]} and {CORES[2]:,} cores"
        f" {traffic[2]}. Disks, networks and object stores end long before cores do:"
        " keep fewer columns (`batch_inference.columns`); those that the model does not"
        " need are then not even read."
    )


def _write_limits(rate: float, written: float, parts: Bookkeeping) -> Iterator[str]:
    """Yield the first limits, and what to do about them."""
    tasks = rate / PART_ROWS
    cores = BUSY / TASK / tasks
    larger = PART_ROWS * LONGER
    count = TRILLION / PART_ROWS
    requests = 2 * count / LISTED
    local = 2 * parts.seconds * count
    remote = local + 2 * REQUEST * count / THREADS
    yield "What breaks first, in this order:"
    yield ""
    yield (
        f"1. **The scheduler.** A core finishes {tasks:.1f} parts a second with the"
        f" fastest model. At {1000 * TASK:g} ms of Dask's scheduler for a task, half of"
        f" its time is taken by {cores:,.0f} cores. Set `part_rows` of"
        f" `batch_inference.rows` in a catalog to {larger:,}: {LONGER} times as many"
        f" cores, for about {show_bytes(larger * written * HELD)} of memory in each"
        " process instead of"
        f" {show_bytes(PART_ROWS * written * HELD)}. The driver keeps"
        " only a few parts waiting for each process, whatever their number. Models of"
        " trees take longer for a part, so that more cores fit."
    )
    yield (
        f"2. **Small files.** Each part has a file of scores and a sidecar of"
        f" {show_bytes(parts.sidecar)}, which says that it is finished. A run reads all"
        f" sidecars at its start and its end: {show_time(local)} for the"
        f" {count:,.0f} parts of 10¹² rows from a local disk, and {show_time(remote)}"
        f" at {1000 * REQUEST:g} ms a request of an object store, {THREADS} at a time;"
        f" for 10⁹ rows"
        f" {show_time(local / 1000)} and {show_time(remote / 1000)}. Their"
        f" counts take {show_bytes(count * parts.counts)} or more in the driver's"
        " memory. Score such data in a run for each day or folder, each with a"
        " target of its own: 1,000 runs of 10⁹ rows have none of these problems, and"
        " can be on different machines."
    )
    yield (
        f"3. **The object store's listing.** {LISTED:,} names come with each answer:"
        f" {requests:,.0f} requests, {show_time(requests * REQUEST)}, to list the"
        " target of 10¹² rows, and as many for a source of small files. S3"
        f" accepts {PUTS:,} objects a second below a prefix, which"
        f" {PUTS / (2 * tasks):,.0f} cores write. Larger parts and a run for each"
        " folder help here too."
    )
    yield (
        "4. **Not the manifest**, one small file whatever the number of parts, **nor"
        " MLflow's tables**: a run of any size is one run with two artifacts, the"
        " report as JSON and as a page. 1,000 runs are 1,000 rows in its table of runs."
    )
