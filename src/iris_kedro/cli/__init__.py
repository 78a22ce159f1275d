"""Commands: ``kedro run`` with readable errors, and the project's own groups."""

import copy
import inspect

import click
from kedro.framework.cli.project import run as kedro_run
from kedro_mlflow.framework.cli.cli import ui as mlflow_ui

from iris_kedro.cli.canary import canary
from iris_kedro.cli.dataset import dataset
from iris_kedro.cli.errors import explain_errors
from iris_kedro.cli.model import model
from iris_kedro.cli.signals import interrupt_on_sigterm
from iris_kedro.cli.ui import open_on_runs
from iris_kedro.cli.watch import watch

__all__ = ["cli", "dataset", "model", "run", "watch"]


@click.group(name="iris_kedro")
def cli() -> None:
    """Commands of this project."""


run = copy.copy(kedro_run)
if kedro_run.callback is not None:  # always; for the type checker
    run.callback = explain_errors(interrupt_on_sigterm(kedro_run.callback))
cli.add_command(run, name="run")
cli.add_command(dataset)
cli.add_command(model)
model.add_command(canary)
cli.add_command(watch)

# Changed in place: kedro-mlflow's group adds this object at each call, and would ignore
# a wrapped copy.
mlflow_ui.callback = explain_errors(open_on_runs(inspect.unwrap(mlflow_ui.callback)))
