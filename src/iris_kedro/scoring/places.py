"""Labels of an ONNX model as numbers: each text would be an object of Python."""

from collections.abc import Sequence
from typing import Any

import onnx
from onnx import TensorProto, helper

from iris_kedro.model.scoring import OUTPUTS

LABEL = OUTPUTS[0]
PLACE = "place_of_label"
DOMAIN = "ai.onnx.ml"
# The version of the operator since which its attributes have their current names.
VERSION = 2


def add_places(model: onnx.ModelProto, classes: Sequence[str]) -> onnx.ModelProto:
    """Return a copy with another output: the place of each label among the classes.

    Args:
        model: The model; its own outputs stay.
        classes: The classes; a label that is none of them has the place -1.
    """
    extended = onnx.ModelProto()
    extended.CopyFrom(model)
    versions = {each.domain: each.version for each in model.opset_import}
    if DOMAIN not in versions:
        extended.opset_import.append(helper.make_opsetid(DOMAIN, VERSION))
    options: dict[str, Any]
    if versions.get(DOMAIN, VERSION) < VERSION:
        options = {"classes_strings": [*classes]}
    else:
        places = [*range(len(classes))]
        options = {"keys_strings": [*classes], "values_int64s": places}
    extended.graph.node.append(
        helper.make_node(
            "LabelEncoder", [LABEL], [PLACE], domain=DOMAIN, default_int64=-1, **options
        )
    )
    output = helper.make_tensor_value_info(PLACE, TensorProto.INT64, [None])
    extended.graph.output.append(output)
    return extended
