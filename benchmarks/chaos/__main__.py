"""Runs the scenarios one after another and prints the table."""

import argparse
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from rich.console import Console

from benchmarks.chaos.lab import Form, Lab
from benchmarks.chaos.report import REPORT, print_results, write_results
from benchmarks.chaos.requirements import ChaosError
from benchmarks.chaos.scenario import Result, Scenario
from benchmarks.chaos.scenarios import SCENARIOS

console = Console(width=120, highlight=False)


def main() -> None:
    """Run the scenarios and report the results; fail if something did not hold."""
    options = read_options()
    words = [word.lower() for word in options.only.split(",") if word]
    chosen = [
        scenario
        for scenario in SCENARIOS
        if not words or any(word in scenario.name.lower() for word in words)
    ]
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    try:
        lab = Lab(folder, Form(options.short, options.seed))
        console.print(f"prepared in {time.monotonic() - began:.0f} s")
        lab.memory.start()
        results = [run(scenario, lab) for scenario in chosen]
        lab.memory.stop()
    finally:
        if not options.keep:
            shutil.rmtree(folder)
    print_results(results, console)
    minutes = (time.monotonic() - began) / 60
    console.print(f"{minutes:.1f} minutes, seed {options.seed}")
    if any(result.has_failed for result in results):
        sys.exit(1)
    if not (options.short or options.only):
        write_results(results, minutes, options.seed)
        console.print(f"written to {REPORT.name}")


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--short", action="store_true", help="the form for CI")
    parser.add_argument(
        "--only", default="", help="words in names of scenarios, separated by commas"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of all random numbers"
    )
    parser.add_argument("--keep", action="store_true", help="keep stores and logs")
    if sys.platform != "linux":
        parser.error("this requires Linux")
    return parser.parse_args()


def run(scenario: Scenario, lab: Lab) -> Result:
    """Run a scenario; any exception is a failure."""
    console.print(f"[bold]{scenario.name}[/bold]")
    lab.memory.reset()
    began = time.monotonic()
    try:
        measured, has_failed = scenario.run(lab), False
        lab.require_memory()
    except Exception as error:
        if not isinstance(error, ChaosError):
            traceback.print_exc()
        measured, has_failed = f"FAILED: {type(error).__name__}: {error}", True
    seconds = time.monotonic() - began
    console.print(f"  {measured} ({seconds:.0f} s)", markup=False)
    return Result(scenario, measured, seconds, lab.memory.highest, has_failed)


if __name__ == "__main__":
    main()
