"""Compares the service with its alternatives; requires Linux and two cores.

make bench                       ours, both FastAPI and MLflow's server
make bench-peers                 and BentoML, MLServer and LitServe
make bench ARGS="--rounds 1 --model random_forest --only FastAPI --no-write"
make bench ARGS="--model mixed_rows --no-write"
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.project import ensure_environment
from benchmarks.serving.contenders import CONTENDERS, HERE, OURS, Contender, Rows
from benchmarks.serving.load import Measured, Request, load
from benchmarks.serving.mixed import CONTENDERS as MIXED_CONTENDERS
from benchmarks.serving.models import KINDS, MIXED, prepare, promote_copy
from benchmarks.serving.report import (
    Results,
    describe_ours,
    print_results,
    write_results,
)
from benchmarks.serving.server import Server

RESULTS = Path(__file__).parents[1] / "RESULTS.md"
BATCH = 1000
BULK = 10_000
SETTLE_SECONDS = 30
SWAP_LOADS = 3  # of 10 seconds
FORMS = ("matrix", "objects", "csv")

console = Console(width=150)


def main() -> None:
    """Measure, print and write the results."""
    options = read_options()
    kinds = [options.model] if options.model else [*KINDS, MIXED]
    groups = {kind: choose(kind, options) for kind in kinds}
    rivals = {kind: group for kind, group in groups.items() if group}
    chosen = {each.name: each for group in rivals.values() for each in group}
    for contender in chosen.values():
        if name := contender.environment:
            ensure_environment(name, HERE / "requirements" / f"{name}.txt")
    results: Results = {}
    extra: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for kind, group in rivals.items():
            console.print(f"training {kind}")
            model = prepare(kind, Path(folder, kind))
            prepare_for_peers(group, model)
            results[kind] = compare(group, model, options.rounds, options.seconds)
        print_results(results, console)
        if OURS.name in chosen:
            flowers = [Path(folder, kind) for kind in rivals if kind != MIXED]
            for model in flowers[-1:]:
                extra = measure_ours_alone(model, options.rounds, options.seconds)
    for line in extra:
        console.print(line)
    if not options.no_write:
        target = "make bench-peers" if options.peers else "make bench"
        write_results(results, extra, opponents(list(chosen.values())), target, RESULTS)
        console.print(f"written to {RESULTS.relative_to(Path.cwd())}")


def choose(kind: str, options: argparse.Namespace) -> list[Contender]:
    """Choose the contenders of the command line."""
    names = [name.lower() for name in options.only.split(",") if name]
    return [
        contender
        for contender in (MIXED_CONTENDERS if kind == MIXED else CONTENDERS)
        if (options.peers or not contender.is_peer)
        and (not names or any(name in contender.name.lower() for name in names))
    ]


def opponents(chosen: list[Contender]) -> str:
    """List the versions in the contenders' own environments."""
    names = sorted({c.environment for c in chosen if c.environment})
    files = [HERE / "requirements" / f"{name}.txt" for name in names]
    pinned = {line for file in files for line in file.read_text().split()}
    return ", ".join(sorted(line.replace("==", " ") for line in pinned))


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of each load")
    parser.add_argument("--model", choices=[*KINDS, MIXED])
    parser.add_argument("--only", default="", help="names of contenders, with commas")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--no-write", action="store_true")
    if (os.cpu_count() or 1) < 2 or sys.platform != "linux":  # noqa: PLR2004
        parser.error("two cores and Linux are needed, to pin server and load apart")
    return parser.parse_args()


def prepare_for_peers(chosen: list[Contender], model: Path) -> None:
    """Write the model with joblib, as MLServer requires."""
    import joblib  # noqa: PLC0415 -- for peers only
    import skops.io  # noqa: PLC0415

    if any(contender.is_peer for contender in chosen):
        file = model / "sklearn" / "model.skops"
        trusted = skops.io.get_untrusted_types(file=file)
        joblib.dump(skops.io.load(file, trusted=trusted), model / "model.joblib")
        (model / "none").mkdir()


def compare(
    chosen: list[Contender], model: Path, rounds: int, seconds: int
) -> dict[str, dict[str, list[float]]]:
    """Run the contenders in turns; return the figures of each, a value per round."""
    figures: dict[str, dict[str, list[float]]] = {c.name: {} for c in chosen}
    expected: dict[str, Any] = {}
    for number in range(rounds):
        for contender in chosen:
            with Server(contender, model, {0}) as server:
                check_answers(server, expected)
                measured = measure(server, seconds)
            for key, value in measured.items():
                figures[contender.name].setdefault(key, []).append(value)
            console.print(
                f"round {number + 1} of {rounds}, {contender.name}:"
                f" {measured['requests']:,.0f} requests/s"
            )
    return figures


def check_answers(server: Server, expected: dict[str, Any]) -> None:
    """Stop if a contender's predictions differ from those of the first.

    Args:
        server: The contender's server.
        expected: The first contender's labels by number of rows, and probabilities; it
            fills them in.
    """
    for name in server.contender.forms:
        count = 1 if name == "row" else BATCH
        check_answer(server, name, server.contender.draw(count), expected)
    if bulk := server.contender.bulk:
        check_answer(server, bulk, server.contender.draw(BULK), expected)


def check_answer(
    server: Server, name: str, rows: Rows, expected: dict[str, Any]
) -> None:
    """Compare the response to some rows in one format with the first contender's."""
    form = server.contender.forms[name]
    answer = server.ask(form, rows)
    labels = form.read(answer)
    first = expected.setdefault(f"{len(rows)} labels", labels)
    # ONNX and scikit-learn break ties between classes differently.
    agreeing = [a == b for a, b in zip(labels, first, strict=False)]
    if len(labels) != len(rows) or np.mean(agreeing) < 0.999:  # noqa: PLR2004
        sys.exit(f"{server.contender.name} answers {name} differently")
    if len(rows) > 1 and isinstance(answer, dict) and "probabilities" in answer:
        probabilities = answer["probabilities"]
        first = expected.setdefault(f"{len(rows)} probabilities", probabilities)
        if not np.allclose(first, probabilities, atol=1e-4):
            sys.exit(f"{server.contender.name} has other probabilities in {name}")


def measure(server: Server, seconds: int) -> dict[str, float]:
    """Measure all figures of a running server."""
    wait_until_settled(server)
    contender = server.contender
    row = request(server, "row", contender.draw(1))
    load(row, 16, 1, {1})  # warm-up
    used = server.cpu_seconds()
    many = load(row, 16, seconds, {1})
    used = server.cpu_seconds() - used
    # A burst of other work on the machine determines the p99 of a window.
    alone = [load(row, 1, 1, {1}) for _ in range(seconds)]
    figures = {
        "start": server.seconds_to_answer,
        "requests": many.per_second,
        "cpu": used / many.answers * 1e6,
        "p50": median(window.p50 for window in alone),
        "p99": median(window.p99 for window in alone),
        "failed": float(many.failed + sum(window.failed for window in alone)),
    }
    batches = {name: (name, BATCH) for name in FORMS if name in contender.forms}
    if contender.bulk:
        batches["bulk"] = contender.bulk, BULK
    for key, (name, count) in batches.items():
        batch = load(request(server, name, contender.draw(count)), 4, seconds, {1})
        figures[key] = batch.per_second * count
        figures["failed"] += batch.failed
    figures["memory"] = server.weigh()
    return figures


def request(server: Server, form: str, rows: Rows) -> Request:
    """Return a request with some rows in a format."""
    chosen = server.contender.forms[form]
    return Request(server.url + chosen.path, *chosen.write(rows))


def wait_until_settled(server: Server) -> None:
    """Wait until a new follower has imported MLflow and reached the registry."""
    report = server.folder / "store" / "registry.json"
    end = time.time() + SETTLE_SECONDS
    if server.contender.name == OURS.name:
        while time.time() < end and read_last_seen(report) < server.started:
            time.sleep(0.2)


def read_last_seen(report: Path) -> float:
    """Return when the follower last reached the registry, from its report."""
    try:
        return json.loads(report.read_text())["last_seen"] or 0.0
    except (FileNotFoundError, ValueError):
        return 0.0


def measure_ours_alone(model: Path, rounds: int, seconds: int) -> list[str]:
    """Measure what only our service has: a second worker, and a swap."""
    row = OURS.draw(1)
    ratios, plain, swapped = [], [], []
    for _ in range(rounds):
        one, two = (measure_workers(model, count, seconds) for count in ("1", "2"))
        ratios.append(two / one)
        with Server(OURS, model, {0}, IRIS_FOLLOW_SECONDS="1") as server:
            wait_until_settled(server)
            plain.append(load(request(server, "row", row), 16, 10, {1}))
            swapped.append(load_while_swapping(server, model, row))
    return describe_ours(np.median(ratios, axis=0).tolist(), plain, swapped)


def measure_workers(model: Path, workers: str, seconds: int) -> NDArray[np.float64]:
    """Measure the requests per second of some workers, for one row and for many.

    The longer a request takes, the less CPU time the load generator needs.
    """
    with Server(OURS, model, {0, 1}, IRIS_WORKERS=workers) as server:
        wait_until_settled(server)
        asked = [
            request(server, "row", OURS.draw(1)),
            request(server, "matrix", OURS.draw(BATCH)),
        ]
        load(asked[0], 16, 1, {0, 1})
        return np.array([load(each, 16, seconds, {0, 1}).per_second for each in asked])


def load_while_swapping(server: Server, model: Path, row: Rows) -> Measured:
    """Load the server while Production changes.

    On a busy machine, the follower may need more than one load to check the version.

    Returns:
        The load in which the workers changed; its failures include those before.
    """
    before = server.ask(OURS.forms["row"], row)["model"]["version"]
    timer = threading.Timer(2, promote_copy, [model])
    timer.start()
    failed = 0
    for _ in range(SWAP_LOADS):
        measured = load(request(server, "row", row), 16, 10, {1})
        failed += measured.failed
        if server.ask(OURS.forms["row"], row)["model"]["version"] != before:
            timer.join()
            return replace(measured, failed=failed)
    sys.exit(f"Production did not change in {SWAP_LOADS * 10} s: it is {before} still")


if __name__ == "__main__":
    main()
