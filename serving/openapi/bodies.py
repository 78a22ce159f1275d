"""JSON Schemas of the request bodies, as far as JSON Schema can express them.

The service also accepts columns in another order and tensors of any number of rows:
JSON Schema cannot say that the ranges of a table depend on the order of its columns,
nor that the length of a list depends on a number elsewhere.
"""

from serving.model.contract import Contract
from serving.openapi.values import JsonSchema, describe_value
from serving.schemas.inference_v2.messages import LONGEST_ID
from serving.schemas.inference_v2.outputs import INPUT, OUTPUTS
from serving.schemas.inference_v2.tensors import DATATYPES

FLOATS = ["FP32", "FP64"]


def describe_row(contract: Contract) -> JsonSchema:
    """Describe a row as an array, in the order of the features."""
    return _tuple([describe_value(feature) for feature in contract.features])


def describe_rows(contract: Contract, max_rows: int) -> JsonSchema:
    """Describe a list of rows as arrays."""
    return {
        "type": "array",
        "items": describe_row(contract),
        "minItems": 1,
        "maxItems": max_rows,
        "examples": [[list(contract.examples[0].values())]],
    }


def describe_columns(contract: Contract) -> JsonSchema:
    """Describe the names of the columns."""
    return _tuple([{"const": name} for name in contract.feature_names]) | {
        "description": "Feature names in any order; `data` uses the same order."
    }


def describe_inference(contract: Contract) -> JsonSchema:
    """Describe a request of the Open Inference Protocol for one or two rows."""
    wide, row = len(contract.features), describe_row(contract)
    two = {"type": "array", "items": row, "minItems": 2, "maxItems": 2}
    matrices = [
        _tensor({"type": "string", "examples": [INPUT]}, [1, wide], row),
        _tensor({"type": "string", "examples": [INPUT]}, [2, wide], two),
    ]
    columns = [
        _tensor({"const": name}, [1], _tuple([number]))
        for name, number in zip(contract.feature_names, row["prefixItems"], strict=True)
    ]
    parameters = {"type": "object"}
    output = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"enum": list(OUTPUTS)}, "parameters": parameters},
    }
    return {
        "type": "object",
        "required": ["inputs"],
        "description": f"One tensor of shape [n, {wide}] with any name, or one tensor "
        "of shape [n] or [n, 1] per feature; shown here for n = 1 and 2. Data can be "
        f"flat or nested. Datatypes: {', '.join(DATATYPES)}. The binary tensor "
        "extension is supported.",
        "properties": {
            "id": {"type": "string", "maxLength": LONGEST_ID},
            "parameters": parameters,
            "inputs": {
                "anyOf": [*(_tuple([matrix]) for matrix in matrices), _tuple(columns)]
            },
            "outputs": {"type": "array", "items": output, "maxItems": len(OUTPUTS)},
        },
    }


def _tensor(name: JsonSchema, shape: list[int], data: JsonSchema) -> JsonSchema:
    return {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": name,
            "shape": {"const": shape},
            "datatype": {"enum": FLOATS},
            "data": data,
        },
    }


def _tuple(items: list[JsonSchema]) -> JsonSchema:
    """Describe an array that has exactly some items."""
    return {
        "type": "array",
        "prefixItems": items,
        "minItems": len(items),
        "maxItems": len(items),
    }
