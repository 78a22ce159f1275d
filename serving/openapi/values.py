"""JSON Schemas of the values of features."""

from typing import Any

from serving.model.features import Category, Feature, Integer, Number

JsonSchema = dict[str, Any]


def describe_value(feature: Feature) -> JsonSchema:
    """Describe the accepted values of a feature."""
    if isinstance(feature, Number):
        kind = "integer" if isinstance(feature, Integer) else "number"
        schema: JsonSchema = {
            "type": kind,
            "minimum": feature.minimum,
            "maximum": feature.maximum,
        }
    elif isinstance(feature, Category):
        schema = _describe_category(feature)
    else:
        schema = {"type": "boolean"}
    if feature.nullable:
        schema["type"] = [*_list(schema["type"]), "null"]
        if "enum" in schema:
            schema["enum"].append(None)
    return schema


def describe_tensor_value(feature: Feature) -> JsonSchema:
    """Describe a value in a tensor, where a category is text and may be empty."""
    if not isinstance(feature, Category):
        return describe_value(feature)
    if feature.accepts_unknown and feature.nullable:
        return {"type": ["string", "null"]}
    if feature.accepts_unknown:
        return {"type": "string", "minLength": 1}
    missing = [None, ""] if feature.nullable else []
    return {"enum": [*feature.categories, *missing]}


def describe_property(feature: Feature, example: Any) -> JsonSchema:
    """Describe a feature as a property of a row, with description and example."""
    schema = describe_value(feature)
    schema |= {"description": feature.description, "examples": [example]}
    if isinstance(feature, Number) and feature.unit:
        schema["description"] += f" ({feature.unit})"
        schema["x-unit"] = feature.unit
    if isinstance(feature, Category) and feature.accepts_unknown:
        schema["x-categories"] = list(feature.categories)
    return schema


def _describe_category(feature: Category) -> JsonSchema:
    """Describe a category: its texts, and integers with the same text."""
    if feature.accepts_unknown:
        return {"type": ["string", "integer"]}
    values = [value for value in feature.codes if value is not None]
    kinds = ["string", "integer"] if int in map(type, values) else "string"
    return {"type": kinds, "enum": values}


def _list(kinds: str | list[str]) -> list[str]:
    return [kinds] if isinstance(kinds, str) else kinds
