"""``make loop``: tell the story from nothing, and leave its records to look at."""

import json
import logging
import resource
import signal
import sys
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
    """Tell the story; return 0 if every state was as expected."""
    signal.signal(signal.SIGTERM, _interrupt)
    logging.getLogger("mlflow").setLevel(logging.WARNING)  # it makes a new database
    project = Project(Path(__file__).parents[2])
    console = Console(highlight=False)
    narrator = Narrator(console)
    try:
        project.clear()
        _finish(console, project, narrator, _tell(narrator, project))
    except FAILURES as error:
        console.print(f"\n[bold red]The story stops at: {narrator.stage}[/]")
        console.print(str(error), markup=False)
        console.print(f"Logs are in {project.logs}", markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped; all processes have ended.")
        return INTERRUPTED
    return 0


def _tell(narrator: Narrator, project: Project) -> dict[str, int]:
    """Tell all of it; return what clients have asked and labelled."""
    records = Records(project)
    train(narrator, project, records)
    with ExitStack() as processes:
        with narrator.tell("Serve", "gunicorn with two workers, and its follower"):
            service = processes.enter_context(serve(project))
            narrator.say(f"Open {service.url} to see what comes", "bold")
        watcher = processes.enter_context(project.start("watch", "watch"))
        traffic = processes.enter_context(Traffic(service, SEED))
        Story(narrator, project, records, service, watcher, traffic).tell()
        narrator.check = lambda: None  # from here on, they may end
        traffic.stop()
    with narrator.tell("Count", "Everything has ended. Was anything lost?"):
        stored = records.count_rows()
        asked = (traffic.rows, traffic.labelled)
        require(f"{asked} predictions and labels stored", stored, stored == asked)
        narrator.say(f"{asked[0]:,} predictions and {asked[1]:,} labels: all are there")
    return {"rows": traffic.rows, "labels": traffic.labelled}


def _finish(
    console: Console, project: Project, narrator: Narrator, counts: dict[str, int]
) -> None:
    """Show the history and where to look; write down what there was."""
    console.print("\n[bold]kedro model history --env loop[/]\n")
    console.print(project.run("history", "model", "history"), markup=False)
    report = project.reporting / "monitoring.html"
    console.print(f"The report of the monitoring: {report.as_uri()}", markup=False)
    seconds, cpu = sum(narrator.seconds.values()), _measure_cpu()
    console.print(
        f"{seconds:.0f} seconds, {cpu:.0f} of a processor's; logs are in {project.logs}"
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
