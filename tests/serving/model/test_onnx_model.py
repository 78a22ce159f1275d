import json

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from serving.model.onnx_model import ModelRefusedError


def edit_contract(content: bytes, edit) -> bytes:
    """Change the contract in a model."""
    model = onnx.load_from_string(content)
    document = json.loads(model.metadata_props[0].value)
    edit(document)
    onnx.helper.set_model_props(model, {"contract": json.dumps(document)})
    return model.SerializeToString()


def test_load_gives_contract_and_version(iris):
    assert iris.contract.name == "iris"
    assert iris.version.version == "3"


def test_predict_gives_labels_and_probabilities(iris):
    rows = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]], dtype=np.float32)

    answer = iris.predict(rows)

    assert answer.labels.tolist() == ["setosa", "virginica"]
    assert answer.probabilities.shape == (2, 3)
    assert answer.probabilities.sum(axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_predict_follows_petal_length(iris):
    """Directional: a longer petal never makes a setosa likelier."""
    lengths = np.linspace(1, 7, 25, dtype=np.float32)
    rows = np.array([[5.8, 3.0, length, 1.2] for length in lengths], dtype=np.float32)

    setosa = iris.predict(rows).probabilities[:, 0]

    assert (np.diff(setosa) <= 1e-6).all()


def test_load_refuses_another_digest(load, iris_bytes):
    with pytest.raises(ModelRefusedError) as caught:
        load(iris_bytes, digest="sha256:" + "0" * 64)

    assert caught.value.reason == "digest"


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x80\x04pickle"])
def test_load_refuses_anything_but_onnx(load, content):
    with pytest.raises(ModelRefusedError) as caught:
        load(content)

    assert caught.value.reason == "unreadable"


def test_load_refuses_a_truncated_model(load, iris_bytes):
    with pytest.raises(ModelRefusedError) as caught:
        load(iris_bytes[: len(iris_bytes) // 2])

    assert caught.value.reason == "unreadable"


def test_load_refuses_a_model_without_contract(load, iris_bytes):
    model = onnx.load_from_string(iris_bytes)
    del model.metadata_props[:]

    with pytest.raises(ModelRefusedError) as caught:
        load(model.SerializeToString())

    assert caught.value.reason == "contract"


def move_probability(document):
    row = document["golden_rows"]["probabilities"][0]
    row[0] -= 0.01
    row[1] += 0.01


def name_other_class(document):
    document["golden_rows"]["predictions"][0] = "virginica"


@pytest.mark.parametrize("edit", [move_probability, name_other_class])
def test_load_refuses_different_golden_predictions(load, iris_bytes, edit):
    with pytest.raises(ModelRefusedError) as caught:
        load(edit_contract(iris_bytes, edit))

    assert caught.value.reason == "golden_rows"


def test_load_refuses_a_contract_with_fewer_features(load, iris_bytes):
    def drop_feature(document):
        document["features"].pop()
        for row in document["golden_rows"]["inputs"]:
            row.pop()

    with pytest.raises(ModelRefusedError) as caught:
        load(edit_contract(iris_bytes, drop_feature))

    assert caught.value.reason == "contract"


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
