"""Compares the service that stores its predictions with one that does not.

make bench-loop
python -m benchmarks.serving.database [--rounds 10] [--seconds 3] [--url URL]

Both run on one core and alternately get the same load of one-row requests from the
other core, so that other load on the machine affects both equally.
"""

import argparse
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from statistics import median

from benchmarks.serving.contenders import OURS
from benchmarks.serving.load import Measured, Request, load
from benchmarks.serving.models import KINDS, prepare
from benchmarks.serving.server import Server

CONNECTIONS = 16
FILE = "predictions.db"


def main() -> None:
    """Measure and print."""
    options = read_options()
    with tempfile.TemporaryDirectory() as folder:
        model = prepare(KINDS[0], Path(folder, KINDS[0]))
        url = options.url or f"sqlite:///{folder}/{FILE}"
        with (
            Server(OURS, model, {0}, IRIS_FOLLOW_SECONDS="0") as without,
            Server(
                OURS, model, {0}, IRIS_FOLLOW_SECONDS="0", IRIS_DATABASE_URL=url
            ) as storing,
        ):
            servers = {"off": without, "on": storing}
            measured, used = compare(servers, options.rounds, options.seconds)
            memory = {name: server.weigh() for name, server in servers.items()}
        for name, loads in measured.items():
            print(
                f"database {name}: {median(each.per_second for each in loads):,.0f}"
                f" requests/s, p50 {median(each.p50 for each in loads):.2f} ms,"
                f" p99 {median(each.p99 for each in loads):.2f} ms,"
                f" {used[name]:.0f} µs of CPU a request, {memory[name]:.0f} MiB"
            )
        off, on = (
            median(each.per_second for each in measured[name]) for name in ("off", "on")
        )
        print(f"ratio of the medians: {on / off:.3f}")
        if not options.url:
            print(describe_rows(Path(folder, FILE), measured["on"]))


def compare(
    servers: dict[str, Server], rounds: int, seconds: int
) -> tuple[dict[str, list[Measured]], dict[str, float]]:
    """Load the servers alternately; return the measurements and CPU time of each.

    CPU time is in microseconds per request, and depends less on other load.
    """
    measured: dict[str, list[Measured]] = {name: [] for name in servers}
    used: dict[str, list[float]] = {name: [] for name in servers}
    form = OURS.forms["row"]
    for number in range(rounds + 1):
        for name, server in servers.items():
            request = Request(server.url + form.path, *form.write(OURS.draw(1)))
            before = server.cpu_seconds()
            outcome = load(request, CONNECTIONS, seconds, {1})
            if number:  # the first one warms up
                measured[name].append(outcome)
                cpu = server.cpu_seconds() - before
                used[name].append(cpu / outcome.answers * 1e6)
    return measured, {name: median(each) for name, each in used.items()}


def describe_rows(file: Path, loads: list[Measured]) -> str:
    """Describe how many rows are stored, and the size of each."""
    with closing(sqlite3.connect(file)) as database:
        (rows,) = database.execute("SELECT count(*) FROM predictions").fetchone()
    answers = sum(each.answers for each in loads)
    size = file.stat().st_size / rows
    return f"{rows:,} rows stored, {answers:,} answers counted, {size:.0f} bytes a row"


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=3, help="of each load")
    parser.add_argument("--url", help="URL of an empty database; SQLite by default")
    return parser.parse_args()


if __name__ == "__main__":
    main()
