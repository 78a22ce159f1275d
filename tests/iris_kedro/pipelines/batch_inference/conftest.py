"""Jobs and reports of batch inference with the Iris model."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from iris_kedro.gate.release import ReleasedModel
from iris_kedro.model.contract import Contract
from iris_kedro.pipelines.batch_inference.nodes import score_rows
from iris_kedro.pipelines.batch_inference.report import build_report
from iris_kedro.scoring.job import ScoredRows
from iris_kedro.scoring.rows import Batch, Part, Rows
from iris_kedro.specification import BatchInference, Monitoring

FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")


class Read:
    """Reads nothing, and remembers which columns it would read."""

    def __init__(self, columns=()):
        self.columns = columns

    def __call__(self, part):
        return iter(())

    def select(self, columns):
        return Read(tuple(columns))


@pytest.fixture(scope="session")
def parameters(read_parameters):
    shipped = read_parameters("parameters_batch_inference.yml", "batch_inference")
    texts = {name: each for name, each in shipped.items() if "$" not in str(each)}
    fixed = {"version": "3", "layout": "contract", "source": "rows/"}
    return BatchInference.model_validate(texts | fixed)


@pytest.fixture(scope="session")
def monitoring(read_parameters):
    return Monitoring.model_validate(
        read_parameters("parameters_monitoring.yml", "monitoring")
    )


@pytest.fixture
def rows():
    parts = [Part(number, "a.parquet", "parquet", 0, 1, 1, 100) for number in range(3)]
    return Rows("rows/", "fingerprint", ["id", *FEATURES], parts, Read())


@pytest.fixture
def plan(rows, challenger, parameters):
    """Return a function that plans to score rows; changes are of rows or parameters."""

    def plan(version="3", model=challenger, **changes):
        others = {name: changes.pop(name) for name in [*changes] if hasattr(rows, name)}
        return score_rows(
            replace(rows, **others),
            ReleasedModel(version, model),
            parameters.model_copy(update=changes),
        )

    return plan


@pytest.fixture
def keep(rows, challenger, parameters):
    """Return a function that plans to keep some columns; changes are of rows."""

    def keep(kept, **changes):
        return score_rows(
            replace(rows, **changes),
            ReleasedModel("3", challenger),
            parameters.model_copy(update={"columns": kept}),
        )

    return keep


@pytest.fixture
def report(challenger, plan, sides, parameters, monitoring):
    """Return a function that scores training rows and reports on them.

    ``change`` is called with the table before that.
    """

    def report(change=None, rows=2_000, model=challenger, resumed=0):
        table = sides().train.sample(rows, replace=True, random_state=0)
        table = table[list(FEATURES)].reset_index(drop=True)
        if change is not None:
            table = change(table)
        table.insert(0, "id", range(len(table)))
        scorer = plan(model=model, parts=[Part(0, "a", "parquet", 0, 1, 1, 100)]).scorer
        batch = pa.RecordBatch.from_pandas(table, preserve_index=False)
        half = len(table) // 2
        halves = [(0, batch[:half]), (1, batch[half:])]
        counts = [
            scorer(Batch(each, np.arange(1, len(each) + 1)), part, 0).counts
            for part, each in halves
        ]
        scored = ScoredRows("scores/", {}, counts, resumed=resumed, seconds=1.5)
        released = ReleasedModel("3", model)
        return build_report(scored, released, parameters, monitoring)

    return report


@pytest.fixture
def old_model(challenger):
    """Return a model of an older release: without bins and held-out statistics."""
    contract = Contract.read(challenger)
    features = [
        each.model_copy(
            update={
                "training": each.training.model_copy(update={"edges": [], "counts": []})
            }
        )
        for each in contract.features
    ]
    update = {"features": features, "held_out": None}
    return contract.model_copy(update=update).embed(challenger)
