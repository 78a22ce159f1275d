"""A fake kedro that takes its time, reports overlapping runs, and writes a result.

It has the arguments of kedro. The file ``plan`` in the working directory contains what
to do: ``released``, ``refused``, ``fail``, or ``hang``.
"""

import fcntl
import json
import os
import sqlite3
import sys
import time
from pathlib import Path

folder = Path.cwd()
plan = (folder / "plan").read_text().split()
decision = os.environ.get("IRIS_WATCHER_DECISION", "monitoring")


def note(event: str) -> None:
    line = json.dumps([event, decision, sys.argv[1:]]) + "\n"
    file = os.open(folder / "events", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, line.encode())
    os.close(file)


def copy_labels(to: Path) -> None:
    with sqlite3.connect(folder / "predictions.db") as database:
        rows = database.execute("SELECT prediction_id, row_index, label FROM feedback")
        names = ("prediction_id", "row_index", "label")
        lines = [json.dumps(dict(zip(names, row, strict=True))) for row in rows]
    to.write_text("\n".join(lines))


with open(folder / "lock", "w") as lock:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        note("overlap")
        sys.exit(3)
    if "labelled_rows" in " ".join(sys.argv):
        copy_labels(folder / "results" / f"{decision}.jsonl")
    note("begin")
    time.sleep(3600 if plan[0] == "hang" else float(plan[1]))
    if plan[0] == "fail":
        sys.exit("MLflow is full")
    if decision != "monitoring" and plan[0] != "unchanged":
        result = folder / "results" / decision
        result.with_suffix(".new").write_text(plan[0])
        result.with_suffix(".new").rename(result)
    note("end")
