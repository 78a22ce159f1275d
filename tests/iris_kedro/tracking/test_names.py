import mlflow
import pytest

from iris_kedro.tracking.names import name_entity, shorten_value


@pytest.mark.parametrize(
    ("name", "spelt"),
    [
        ("data_science.training.folds", "data_science.training.folds"),
        ("recall.<=50K", "recall.lteq50K"),
        ("recall.a/b (größe)", "recall.aorb u28größeu29"),
    ],
)
def test_name_is_spelt_with_what_mlflow_accepts(name, spelt):
    assert name_entity(name) == spelt


def test_mlflow_accepts_every_name_and_value(tracking):
    names = [f"recall.{odd}" for odd in ("<=50K", "..", "a//b", "ß", "\n", "'", "😀")]

    with mlflow.start_run() as run:
        mlflow.log_metrics({name_entity(name): 1.0 for name in names})
        mlflow.log_params({name_entity(names[0]): shorten_value("x" * 10_000)})
        mlflow.set_tags({name_entity(name): "1" for name in names})

    data = tracking.get_run(run.info.run_id).data
    assert len(data.metrics) == len(names)
    assert len(data.params["recall.lteq50K"]) == 6000


def test_long_names_are_cut_and_stay_different():
    first, second = (name_entity("x" * 300 + end) for end in "ab")

    assert len(first) == len(second) == 200
    assert first != second
