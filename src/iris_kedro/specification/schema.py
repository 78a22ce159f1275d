"""The parameters as one JSON schema, with which editors check YAML as it is written."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from iris_kedro.specification.data.dataset import Dataset
from iris_kedro.specification.sections import SECTIONS
from iris_kedro.specification.training import LabelledRows

INTERPOLATION = {"type": "string", "pattern": r"^\$\{.+\}$"}
# globals.yml has one more key, which the parameters take their values from.
KEYS: dict[str, type[BaseModel]] = {**SECTIONS, "labelled_rows": LabelledRows}


def render_schema() -> dict[str, Any]:
    """Return the schema of parameters*.yml and globals.yml in any folder of conf.

    A file may hold any part of the parameters, so keys are required only below
    ``dataset``, which replaces that of ``conf/base`` as a whole. Values may be
    interpolations, or null where that removes an entry.
    """
    complete = Dataset.model_json_schema()["$defs"].keys() | {Dataset.__name__}
    references, schema = models_json_schema(
        [(model, "validation") for model in KEYS.values()]
    )
    for name, definition in schema["$defs"].items():
        if name not in complete:
            definition.pop("required", None)
        for key, value in definition.get("properties", {}).items():
            definition["properties"][key] = _relax(value)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Parameters of iris-kedro",
        "description": "Written by kedro dataset schema.",
        "properties": {
            name: _relax(references[model, "validation"])
            for name, model in KEYS.items()
        },
        **schema,
    }


def _relax(value: dict[str, Any]) -> dict[str, Any]:
    """Accept interpolations, and null for an entry; keep the description outside."""
    outer: dict[str, Any] = {
        key: value.pop(key) for key in ("description", "default") if key in value
    }
    for name, entry in value.get("patternProperties", {}).items():
        value["patternProperties"][name] = {"anyOf": [entry, {"type": "null"}]}
    return {**outer, "anyOf": [value, INTERPOLATION]}
