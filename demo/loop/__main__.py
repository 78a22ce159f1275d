"""``make loop``: run the story from scratch, and keep its records."""

import json
import logging
import resource
import signal
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import requests
from mlflow.exceptions import MlflowException
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from demo.loop.narration import Narrator, Unexpected, require
from demo.loop.project import CommandFailed, Project
from demo.loop.records import Records
from demo.loop.service import serve
from demo.loop.story import SEED, Story, train
from demo.loop.traffic import Traffic

FAILURES = (
    CommandFailed,
    MlflowException,
    requests.RequestException,
    SQLAlchemyError,
    Unexpected,
)
INTERRUPTED = 130


def main() -> int:
    """Run the story; return 0 if every expected state was reached."""
    ArgumentParser(prog="make loop", description=__doc__).parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    logging.getLogger("mlflow").setLevel(logging.WARNING)  # it logs its migrations
    project = Project(Path(__file__).parents[2])
    console = Console(highlight=False)
    narrator = Narrator(console)
    try:
        project.clear()
        _finish(console, project, narrator, _run(narrator, project))
    except FAILURES as error:
        console.print(f"\n[bold red]Failed at the stage: {narrator.title}[/]")
        console.print(str(error), markup=False)
        console.print(f"The logs are in {project.logs}", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped; all processes have ended.")
        return INTERRUPTED
    return 0


def _run(narrator: Narrator, project: Project) -> dict[str, int]:
    """Run all stages; return the numbers of predicted and labelled rows."""
    records = Records(project)
    train(narrator, project, records)
    with ExitStack() as processes:
        with narrator.stage("Serve", "gunicorn with two workers, and the follower"):
            service = processes.enter_context(serve(project))
            narrator.say(f"Open {service.url} to see the model and the canary", "bold")
        watcher = processes.enter_context(project.start("watch", "watch"))
        traffic = processes.enter_context(Traffic(service, SEED))
        Story(narrator, project, records, service, watcher, traffic).run()
        narrator.check = lambda: None  # processes may end now
        traffic.stop()
    with narrator.stage("Count", "After all processes have ended, nothing is lost"):
        stored = records.count_rows()
        sent = (traffic.rows, traffic.labelled)
        require(f"{sent} predictions and labels stored", stored, stored == sent)
        narrator.say(f"{sent[0]:,} predictions and {sent[1]:,} labels are stored")
    return {"rows": traffic.rows, "labels": traffic.labelled}


def _finish(
    console: Console, project: Project, narrator: Narrator, counts: dict[str, int]
) -> None:
    """Print the history and the location of the report; write a summary."""
    console.print("\n[bold]kedro model history --env loop[/]\n")
    console.print(project.run("history", "model", "history"), markup=False)
    report = project.reporting / "monitoring.html"
    console.print(f"Monitoring report: {report.as_uri()}", markup=False)
    seconds, cpu = sum(narrator.seconds.values()), _measure_cpu()
    console.print(
        f"{seconds:.0f} s, {cpu:.0f} s of CPU time; the logs are in {project.logs}"
    )
    summary = {**counts, "seconds": seconds, "cpu": cpu, "stages": narrator.seconds}
    (project.build / "story.json").write_text(json.dumps(summary, indent=2))


def _measure_cpu() -> float:
    used = [
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    ]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
