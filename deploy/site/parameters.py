"""The tables of the parameters, from the models that check them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from iris_kedro.specification.sections import SECTIONS

CONF = Path(__file__).resolve().parents[2] / "conf/base"
Json = dict[str, Any]
LIMITS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
}
HEAD = "| parameter | value | default | meaning |\n| --- | --- | --- | --- |"


def render() -> str:
    """Return a section for each top-level key, with a table for each part of it."""
    base: Json = {}
    for file in sorted(CONF.glob("parameters_*.yml")):
        base |= yaml.safe_load(file.read_text())
    parts = []
    for name, model in SECTIONS.items():
        schema = model.model_json_schema()
        tables = _tables(name, schema, schema.get("$defs", {}), base.get(name, {}))
        parts.append("\n\n".join([f"## {name}", *tables]))
    return "\n\n".join(parts)


def _tables(path: str, schema: Json, models: Json, base: Any) -> Iterator[str]:
    """Yield the description and the table of a model, then those of its parts."""
    yield _text(schema["description"])
    rows, parts, required = [HEAD], [], schema.get("required", ())
    for name, value in schema["properties"].items():
        given = base.get(name) if isinstance(base, dict) else None
        for model in _find_models(value):
            parts.append((f"{path}.{name}", models[model], given))
        rows.append(_row(name, value, given, is_required=name in required))
    yield "\n".join(rows)
    for inner, model, given in parts:
        yield f"### {inner}: {model['title']}"
        yield from _tables(inner, model, models, given)


def _find_models(value: Any) -> list[str]:
    """Return the models that a value refers to, directly or in a mapping."""
    if isinstance(value, list):
        return [name for each in value for name in _find_models(each)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"].rpartition("/")[2]] if "$ref" in value else []
    return [*own, *_find_models([v for k, v in value.items() if k != "default"])]


def _row(name: str, value: Json, given: Any, *, is_required: bool) -> str:
    default = value.get("default") if given is None else given
    if isinstance(default, dict) and default:  # described by its own table
        default = None
    shown = "" if default in (None, {}, "") else f"`{json.dumps(default)}`"
    if is_required and given is None:
        shown = "*required*"
    cells = (f"`{name}`", _type(value), shown, value["description"])
    return f"| {' | '.join(_text(cell) for cell in cells)} |"


def _type(value: Json) -> str:
    """Describe in words what a schema accepts."""
    if "$ref" in value:
        return "mapping"
    for key in ("anyOf", "oneOf"):
        if key in value:
            return " or ".join(dict.fromkeys(map(_type, value[key])))
    choices = value.get("enum", [value["const"]] if "const" in value else [])
    if choices:
        return ", ".join(f"`{each}`" for each in choices)
    if value.get("type") == "array":
        return f"list of {_type(value['items'])}"
    limits = [text.format(value[key]) for key, text in LIMITS.items() if key in value]
    name = {"object": "mapping", "string": "text"}.get(value.get("type", ""))
    return " ".join([name or value.get("type", "any"), ", ".join(limits)]).strip()


def _text(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
