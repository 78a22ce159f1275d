"""Models in which labels come as numbers, of the versions that converters write."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from iris_kedro.scoring.places import PLACE, add_places

CLASSES = ["no", "yes"]


def make_model(*domains):
    """A model whose label is the name at the place that it is given."""
    names = numpy_helper.from_array(np.array(["yes", "no", "other"], object), "names")
    graph = helper.make_graph(
        [helper.make_node("Gather", ["names", "x"], ["label"])],
        "model",
        [helper.make_tensor_value_info("x", TensorProto.INT64, [None])],
        [helper.make_tensor_value_info("label", TensorProto.STRING, [None])],
        [names],
    )
    versions = [helper.make_opsetid("", 17)]
    versions += [helper.make_opsetid("ai.onnx.ml", version) for version in domains]
    return helper.make_model(graph, opset_imports=versions, ir_version=8)


@pytest.mark.parametrize("domains", [(), (1,), (2,), (3,)])
def test_places_are_those_of_the_labels(domains):
    model = make_model(*domains)
    before = model.SerializeToString()

    extended = add_places(model, CLASSES)

    onnx.checker.check_model(extended)
    session = onnxruntime.InferenceSession(extended.SerializeToString())
    places, labels = session.run([PLACE, "label"], {"x": np.array([0, 1, 2, 1])})
    assert labels.tolist() == ["yes", "no", "other", "no"]
    assert places.tolist() == [1, 0, -1, 0]
    assert model.SerializeToString() == before
