import pytest
from kedro.io import DatasetError

from iris_kedro.datasets import OnnxDataset, OnnxLatencyDataset
from iris_kedro.model.scoring import OnnxScorer


@pytest.fixture
def latency(challenger, tmp_path):
    file = str(tmp_path / "model.onnx")
    OnnxDataset(file).save(challenger)
    return OnnxLatencyDataset(file)


def test_latency_is_the_median_time_of_a_row_in_milliseconds(latency, monkeypatch):
    now = [0.0]
    times = iter([0.001, 0.002, 0.009] * 100)
    rows = []

    def run(self, tensors):
        rows.append(len(tensors["features"]))
        now[0] += next(times)

    monkeypatch.setattr(OnnxScorer, "run", run)
    monkeypatch.setattr("time.perf_counter", lambda: now[0])

    assert latency.load() == pytest.approx(2)
    assert set(rows) == {1}


def test_latency_of_a_real_model_is_a_time(latency):
    assert 0 < latency.load() < 1000


def test_latency_cannot_be_written(latency):
    with pytest.raises(DatasetError):
        latency.save(1.0)
