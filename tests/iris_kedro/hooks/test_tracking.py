from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import mlflow

from iris_kedro.hooks.tracking import LoggedParameters, flatten
from iris_kedro.specification import Split

SPLIT = Split(test_size=0.3, salt="s", minimum_rows_per_class=5)


def test_models_and_dictionaries_become_values_with_dotted_names():
    values = {"folds": 5, "nested": {"split": SPLIT, "names": ["a", "b"]}, "empty": {}}

    assert dict(flatten(values)) == {
        "folds": 5,
        "nested.split.test_size": 0.3,
        "nested.split.salt": "s",
        "nested.split.minimum_rows_per_class": 5,
        "nested.names": ["a", "b"],
    }


def test_nodes_side_by_side_log_what_they_share_once(tracking):
    parameters, together = LoggedParameters(), Barrier(2, timeout=30)
    with mlflow.start_run() as run:
        run_id = run.info.run_id

    def log(node):
        with mlflow.start_run(run_id=run_id):
            for moment in range(50):
                together.wait()
                parameters.log({f"shared.{moment}": moment, f"own.{node}": node})

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(log, range(2)))

    logged = tracking.get_run(run_id).data.params
    assert len(logged) == 50 + 2
