"""Describes a training run and the runs of its candidates, once the result is there."""

from collections.abc import Mapping
from typing import Any

from mlflow.entities import Run, RunTag
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import (
    MLFLOW_PARENT_RUN_ID,
    MLFLOW_RUN_NAME,
    MLFLOW_RUN_NOTE,
)

from iris_kedro.style import words

from .descriptions import (
    describe_candidate,
    describe_run,
    find_outcome,
    link,
    name_run,
)

CANDIDATE, VERDICT = "candidate", "verdict"
SHARED = ("dataset", "data_digest", "env")  # tags of a run that its candidates get too


def describe_training(run_id: str, results: Mapping[str, Any]) -> None:
    """Describe a run and its candidates, with links from each to the other.

    A run that its user opened may have a description already, which is kept.

    Args:
        run_id: The run, which has the tags of its result already.
        results: ``leaderboard``, if candidates were compared, and ``gate_report``, if
            the gate has judged; at least one of them.
    """
    client = MlflowClient()
    run = client.get_run(run_id)
    experiment, tags = run.info.experiment_id, run.data.tags
    # A run that reuses the candidates of an earlier one has no child runs.
    children = {
        child.data.tags[CANDIDATE]: child.info.run_id
        for child in find_children(client, run)
        if CANDIDATE in child.data.tags
    }
    places = {name: (experiment, child) for name, child in children.items()}
    if MLFLOW_RUN_NOTE not in tags:
        set_tags(run_id, {MLFLOW_RUN_NOTE: describe_run(results, places)})
    leaderboard = results.get("leaderboard", {"candidates": []})
    parent = link(run.info.run_name, experiment, run_id)
    for entry in leaderboard["candidates"]:
        name, outcome = entry["candidate"], find_outcome(entry)
        if name not in children:
            continue
        set_tags(
            children[name],
            {
                **{key: tags[key] for key in SHARED if key in tags},
                VERDICT: tags.get(VERDICT, outcome) if entry["chosen"] else outcome,
                MLFLOW_RUN_NAME: name_run(words(name), run_id),
                MLFLOW_RUN_NOTE: describe_candidate(entry, leaderboard, parent),
            },
        )


def find_children(client: MlflowClient, run: Run, *conditions: str) -> list[Run]:
    """Return the runs below a run that satisfy all conditions, oldest first."""
    parent = f"tags.`{MLFLOW_PARENT_RUN_ID}` = '{run.info.run_id}'"
    return list(
        client.search_runs(
            [run.info.experiment_id],
            " and ".join([parent, *conditions]),
            order_by=["attributes.start_time ASC"],
        )
    )


def set_tags(run_id: str, tags: Mapping[str, str]) -> None:
    """Set all tags at once: each call is a transaction of the database."""
    MlflowClient().log_batch(
        run_id, tags=[RunTag(key, value) for key, value in tags.items()]
    )
