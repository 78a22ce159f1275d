"""Check custom resources against schemas/, the used parts of their definitions.

Run as ``python deploy/kubernetes/custom_resources.py FILE…`` with rendered manifests.
Fields that are missing from a schema are rejected, so that misspelled ones are found:
add those that you need. try.sh checks the components against the definitions, on a real
API server. kubernetes-validate checks the kinds of Kubernetes itself. Needs PyYAML and
jsonschema, which deploy/check.sh has.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parent / "schemas"


def find_schema(manifest: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of a specification; None for a kind of Kubernetes itself.

    Raises:
        LookupError: If a custom resource has no schema.
    """
    group, _, version = manifest["apiVersion"].rpartition("/")
    file = SCHEMAS / f"{group}.yaml"
    if not file.exists():
        if "." not in group or group.endswith(".k8s.io"):
            return None
        raise LookupError(f"{file} is missing")
    kind = f"{manifest['kind']}/{version}"
    schemas = yaml.safe_load(file.read_text(encoding="utf-8"))
    if kind not in schemas:
        raise LookupError(f"{file} has no {kind}")
    return dict(schemas[kind])


def close(schema: Any) -> Any:
    """Make a schema reject unknown fields."""
    if not isinstance(schema, dict):
        return schema
    closed = {name: close(each) for name, each in schema.items()}
    if "properties" in schema:
        fields = schema["properties"].items()
        closed["properties"] = {name: close(each) for name, each in fields}
        closed |= {"type": "object", "additionalProperties": False}
    return closed


def check(manifest: dict[str, Any]) -> Iterator[str]:
    """Yield the errors of a manifest."""
    what = f"{manifest['kind']} {manifest['metadata']['name']}"
    try:
        schema = find_schema(manifest)
    except LookupError as error:
        yield f"{what}: {manifest['apiVersion']} is unknown: {error}"
        return
    if schema is None:
        return
    for error in Draft202012Validator(close(schema)).iter_errors(manifest["spec"]):
        yield f"{what}: spec{error.json_path[1:]}: {error.message}"


def main() -> None:
    """Check all manifests of the files; exit with 1 if one has errors."""
    problems = [
        f"{name}: {problem}"
        for name in sys.argv[1:]
        for manifest in yaml.safe_load_all(Path(name).read_text(encoding="utf-8"))
        for problem in check(manifest)
    ]
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
