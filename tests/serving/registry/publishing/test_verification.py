import subprocess
import sys

import pytest

from serving.model.onnx_model import ModelRefusedError
from serving.registry.publishing.verification import verify


def test_a_good_model_is_accepted(iris, config):
    verify(iris, config)


@pytest.mark.parametrize("step", ["record", "find_out_of_range"])
def test_a_model_whose_predictions_cannot_be_counted_is_refused(
    iris, config, monkeypatch, step
):
    def fail(*_):
        raise KeyError("class")

    name = f"serving.monitoring.model_metrics.predictions.PredictionMetrics.{step}"
    monkeypatch.setattr(name, fail)

    with pytest.raises(ModelRefusedError) as caught:
        verify(iris, config)
    assert caught.value.reason == "unservable"


def test_the_follower_stays_small():
    """It checks models without Flask and the exporter."""
    script = "import sys, serving.registry.publishing.verification; "
    script += "import serving.registry.follower; "
    script += "print([n for n in ('flask', 'prometheus_flask_exporter', 'mlflow') "
    script += "if n in sys.modules])"

    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert run.stdout.strip() == "[]"
