"""User-fixable errors as short messages."""

import errno
import functools
import os
import re
import traceback
from collections.abc import Callable
from typing import Any

import click
from kedro.config import MissingConfigException
from kedro.io import DatasetError
from kedro.validation import ParameterValidationError
from mlflow.exceptions import MlflowException
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError
from yaml import YAMLError

from iris_kedro.errors import NothingToDo, ProjectError

DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
# Messages of SQLite, and of errors from other processes, which have no errno.
DISK_FULL_TEXTS = ("database or disk is full", os.strerror(errno.ENOSPC))
TYPES = "number|integer|boolean|category"  # of features
# The modules in which Kedro selects pipelines, nodes and tags.
SELECTION = ("kedro.framework.session.session", "kedro.pipeline.pipeline")


def explain_errors(command: Callable[..., Any]) -> Callable[..., Any]:
    """Show user-fixable errors as a message, without a traceback."""

    @functools.wraps(command)
    def explained(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except (
            DatasetError,
            MissingConfigException,
            MlflowException,
            OmegaConfBaseException,
            PermissionError,
            ProjectError,
            YAMLError,
        ) as error:
            raise click.ClickException(_explain(error)) from error
        except (ParameterValidationError, ValidationError) as error:
            raise click.ClickException(_simplify(str(error))) from error
        except ValueError as error:
            if not _is_about_selection(error):
                raise
            raise click.ClickException(str(error)) from error
        except NothingToDo:
            return None  # the hook that raised it has printed why
        except KeyboardInterrupt:
            from iris_kedro.hooks.tracking import end_runs

            end_runs()
            raise

    return explained


def _explain(error: BaseException) -> str:
    """Say what to do about a full disk, which each library reports differently."""
    cause: BaseException | None = error
    while cause is not None:
        is_full = isinstance(cause, OSError) and cause.errno in DISK_FULL
        if is_full or any(text in str(cause) for text in DISK_FULL_TEXTS):
            # Without the rest, which may advise to restore a database that is intact.
            place = str(error).splitlines()[0].partition(". ")[0].rstrip(".")
            return (
                f"the disk is full ({place}). Free some space and run again; the next"
                " run closes this one in MLflow"
            )
        cause = cause.__cause__ or cause.__context__
    return str(error)


def _is_about_selection(error: ValueError) -> bool:
    """Return whether Kedro raised it: a pipeline, node or tag that does not exist."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return frame.f_globals["__name__"] in SELECTION


def _simplify(message: str) -> str:
    """Remove the names of pydantic's types and of our classes from its message."""
    value = r" \[type=\w+, input_value=(.*), input_type=(?:bool|float|int|str)\]"
    message = re.sub(value, r", but it is \1", message)
    message = re.sub(r" \[type=\w+, .*\]", "", message)  # for a whole section
    message = message.replace("  Value error, ", "  ")
    # The type of a feature, which pydantic puts between its name and the parameter's.
    message = re.sub(rf"^(features\.\w+)\.(?:{TYPES})\b", r"\1", message, flags=re.M)
    return re.sub(r"(?:Failed .*: )?\d+ validation errors? for [^\n]+", "", message)
