"""JSON Schemas of the request bodies, as far as JSON Schema can express them.

The service also accepts columns in another order and tensors of any number of rows.
JSON Schema cannot express that the ranges of a table depend on the order of its
columns, or that the length of a list depends on another value.
"""

from typing import Any

from serving.model.contract.contract import Contract
from serving.model.features import Feature
from serving.openapi.values import JsonSchema, describe_tensor_value, describe_value
from serving.schemas.inference_v2.datatypes import choose_datatype
from serving.schemas.inference_v2.messages import LONGEST_ID
from serving.schemas.inference_v2.outputs import INPUT, OUTPUTS
from serving.schemas.inference_v2.tensors import FLOATS, INTEGERS, NUMERIC


def describe_row(contract: Contract) -> JsonSchema:
    """Describe a row as an array, in the order of the features."""
    return _tuple([describe_value(feature) for feature in contract.features])


def describe_rows(contract: Contract, max_rows: int) -> JsonSchema:
    """Describe a list of rows, each an array."""
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
    matrices = _describe_matrices(contract) if contract.has_only_numbers else []
    columns = [
        _tensor(
            {"const": feature.name},
            [1],
            _tuple([describe_tensor_value(feature)]),
            _list_datatypes(feature),
        )
        for feature in contract.features
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
        "description": _explain_tensors(contract),
        "properties": {
            "id": {"type": "string", "maxLength": LONGEST_ID},
            "parameters": parameters,
            "inputs": {
                "anyOf": [*(_tuple([matrix]) for matrix in matrices), _tuple(columns)]
            },
            "outputs": {"type": "array", "items": output, "maxItems": len(OUTPUTS)},
        },
    }


def example_tensors(contract: Contract) -> list[JsonSchema]:
    """Return the tensors of the first example."""
    example = contract.examples[0]
    if contract.has_only_numbers:
        row = list(example.values())
        return [_example(INPUT, "FP32", [1, len(row)], row)]
    return [
        _example(each.name, _list_datatypes(each)[-1], [1], [example[each.name]])
        for each in contract.features
    ]


def _example(
    name: str, datatype: str, shape: list[int], data: list[Any]
) -> dict[str, Any]:
    return {"name": name, "datatype": datatype, "shape": shape, "data": data}


def _describe_matrices(contract: Contract) -> list[JsonSchema]:
    """Describe a tensor of all features, for one row and for two."""
    width, row = len(contract.features), describe_row(contract)
    two = {"type": "array", "items": row, "minItems": 2, "maxItems": 2}
    name = {"type": "string", "examples": [INPUT]}
    floats = list(FLOATS)
    return [
        _tensor(name, [1, width], row, floats),
        _tensor(name, [2, width], two, floats),
    ]


def _list_datatypes(feature: Feature) -> list[str]:
    """Return the datatypes whose data has the described JSON type."""
    chosen = choose_datatype(feature)
    return list(FLOATS) if chosen in NUMERIC else [chosen]


def _explain_tensors(contract: Contract) -> str:
    common = "Data can be flat or nested. The binary tensor extension is supported."
    if contract.has_only_numbers:
        return (
            f"One tensor of shape [n, {len(contract.features)}] with any name, or one "
            "tensor of shape [n] or [n, 1] per feature; shown here for n = 1 and 2. "
            f"{common} Datatypes: {', '.join(NUMERIC)}."
        )
    return (
        "One tensor of shape [n] or [n, 1] per feature, shown here for n = 1. "
        f"{common} Numbers and categories can also have the datatypes "
        f"{', '.join(INTEGERS)}. A missing value is NaN, an empty string or null."
    )


def _tensor(
    name: JsonSchema, shape: list[int], data: JsonSchema, datatypes: list[str]
) -> JsonSchema:
    return {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": name,
            "shape": {"const": shape},
            "datatype": {"enum": datatypes},
            "data": data,
        },
    }


def _tuple(items: list[JsonSchema]) -> JsonSchema:
    """Describe an array with exactly these items."""
    return {
        "type": "array",
        "prefixItems": items,
        "minItems": len(items),
        "maxItems": len(items),
    }
