"""Jobs that score rows in files with the Iris model."""

import pytest

from iris_kedro.datasets import RowsDataset
from iris_kedro.gate.release import ReleasedModel
from iris_kedro.pipelines.batch_inference.nodes import score_rows
from iris_kedro.specification import BatchInference
from tests.iris_kedro.datasets.batch.parquet_rows import PART_ROWS


@pytest.fixture
def make_job(tmp_path, challenger, read_parameters):
    """Return a function that plans to score the rows in the folder ``rows``."""

    def make(version="3", **changes):
        parameters = read_parameters(
            "parameters_batch_inference.yml", "batch_inference"
        )
        fixed = {"source": None, "target": None, "version": "3", "layout": "contract"}
        rows = RowsDataset("rows", part_rows=PART_ROWS, path=str(tmp_path)).load()
        return score_rows(
            rows,
            ReleasedModel(version, challenger),
            BatchInference.model_validate(
                {**parameters, **fixed, "processes": 1, **changes}
            ),
        )

    return make
