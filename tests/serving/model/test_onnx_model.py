from functools import partial

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from serving.model.onnx_model import ModelRefusedError
from tests.serving.fixtures.contracts import edit_contract


def test_predict_gives_labels_and_probabilities(iris):
    rows = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]], dtype=np.float32)

    answer = iris.predict(rows)

    assert answer.labels.tolist() == ["setosa", "virginica"]
    assert answer.probabilities.shape == (2, 3)
    assert answer.probabilities.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


def remove_contract(content):
    model = onnx.load_from_string(content)
    del model.metadata_props[:]
    return model.SerializeToString()


def move_probability(document):
    row = document["golden_rows"]["probabilities"][0]
    row[0] -= 0.01
    row[1] += 0.01


def name_other_class(document):
    document["golden_rows"]["predictions"][0] = "virginica"


def drop_feature(document):
    document["features"].pop()
    for row in document["golden_rows"]["inputs"]:
        row.pop()


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda _: b"", "unreadable"),
        (lambda _: b"not a model", "unreadable"),
        (lambda _: b"\x80\x04pickle", "unreadable"),
        (lambda content: content[: len(content) // 2], "unreadable"),
        (remove_contract, "contract"),
        (partial(edit_contract, edit=drop_feature), "contract"),
        (partial(edit_contract, edit=move_probability), "golden_rows"),
        (partial(edit_contract, edit=name_other_class), "golden_rows"),
    ],
)
def test_load_refuses_a_damaged_model(load, iris_bytes, edit, reason):
    with pytest.raises(ModelRefusedError) as caught:
        load(edit(iris_bytes))

    assert caught.value.reason == reason


def test_load_refuses_another_digest(load, iris_bytes):
    with pytest.raises(ModelRefusedError) as caught:
        load(iris_bytes, digest="sha256:" + "0" * 64)

    assert caught.value.reason == "digest"


def take_doubles(graph):
    graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE


def take_nothing(graph):
    del graph.input[:]


def give_one_output(graph):
    del graph.output[1:]


def give_three_outputs(graph):
    graph.output.append(graph.input[0])


@pytest.mark.parametrize(
    "edit", [take_doubles, take_nothing, give_one_output, give_three_outputs]
)
def test_load_refuses_other_inputs_and_outputs(load, iris_bytes, edit):
    model = onnx.load_from_string(iris_bytes)
    edit(model.graph)

    with pytest.raises(ModelRefusedError):
        load(model.SerializeToString())


def test_load_refuses_a_model_that_cannot_predict(load, iris_bytes, monkeypatch):
    def fail(*_):
        raise ort.capi.onnxruntime_pybind11_state.Fail("no memory")

    monkeypatch.setattr("serving.model.onnx_model.Model.predict", fail)

    with pytest.raises(ModelRefusedError, match="no memory"):
        load(iris_bytes)


def test_load_refuses_a_missing_file(load, iris, tmp_path):
    with pytest.raises(ModelRefusedError) as caught:
        type(iris).load(tmp_path / "none.onnx", iris.version)

    assert caught.value.reason == "unreadable"
