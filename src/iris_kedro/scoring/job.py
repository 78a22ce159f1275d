"""What is to be scored, and what a part's result is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from iris_kedro.scoring.counts import Counts
from iris_kedro.scoring.rows import Rows
from iris_kedro.scoring.scorer import Scorer
from iris_kedro.specification import BatchInference


@dataclass(frozen=True)
class ScoringJob:
    """Rows to score, a model, and how the scores are written; nothing is read yet.

    Attributes:
        rows: The rows.
        scorer: Scores them.
        identity: Everything that the scores depend on, by what a user would call it:
            two jobs with the same identity write the same files.
        parameters: The parameters.
    """

    rows: Rows
    scorer: Scorer
    identity: Mapping[str, Any]
    parameters: BatchInference


@dataclass(frozen=True)
class ScoredRows:
    """What is known of rows that were scored.

    Attributes:
        target: The folder with the scores.
        identity: See ``ScoringJob``.
        parts: What was counted of each part, in order.
        resumed: How many parts had been scored by an earlier run.
        seconds: How long the others took.
    """

    target: str
    identity: Mapping[str, Any]
    parts: list[Counts]
    resumed: int
    seconds: float
