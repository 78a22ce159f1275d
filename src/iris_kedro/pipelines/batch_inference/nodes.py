"""Node that prepares a scoring job, which the dataset of the scores then runs."""

import hashlib
import json
from dataclasses import replace
from typing import Any

from iris_kedro.gate.release import ReleasedModel
from iris_kedro.scoring.job import ScoringJob
from iris_kedro.scoring.output import choose_columns
from iris_kedro.scoring.rows import Rows
from iris_kedro.scoring.scorer import Scorer
from iris_kedro.scoring.validation import Validator
from iris_kedro.specification import BatchInference

# Enough to compare distributions: more rows add no evidence, because the number of
# training rows limits it.
SAMPLED_ROWS = 10_000


def score_rows(
    rows: Rows, model: ReleasedModel, batch_inference: BatchInference
) -> ScoringJob:
    """Check that the rows have the model's columns, and prepare to score them.

    Raises:
        ProjectError: Names missing and duplicate columns.
    """
    content = model.model.SerializeToString()
    layout, text = batch_inference.layout, rows.parts[0].format == "csv"
    inputs = Validator(model.contract, layout, text).find_columns(rows.columns)
    kept = choose_columns(batch_inference.columns, rows.columns)
    # Columns that are not needed are not read.
    needed = [name for name in rows.columns if name in {*inputs, *kept}]
    identity = {
        "model": model.contract.name,
        "version": model.version,
        "model digest": hashlib.sha256(content).hexdigest(),
        "rows": rows.location,
        "fingerprint of the rows": rows.fingerprint,
        "layout": layout,
        "columns": list(kept),
        "format": batch_inference.format,
        "record": batch_inference.record,
        "table": batch_inference.table,
    }
    if batch_inference.explain:  # other scores keep the identity of earlier releases
        identity["explain"] = True
    scorer = Scorer(
        content=content,
        version=model.version,
        layout=layout,
        text=text,
        columns=kept,
        on_invalid=batch_inference.on_invalid,
        every=-(-sum(part.rows for part in rows.parts) // SAMPLED_ROWS) or 1,
        run=_take_digest(identity) if batch_inference.record else None,
        explain=batch_inference.explain,
    )
    scorer.check()
    rows = replace(rows, columns=needed, read=rows.read.select(needed))
    return ScoringJob(rows, scorer, identity, batch_inference)


def _take_digest(identity: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
