"""The JSON schema of the parameters, with which editors check YAML."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from iris_kedro.cli import dataset
from iris_kedro.specification.schema import render_schema

CONF = Path(__file__).parents[3] / "conf"
FILES = sorted([*CONF.glob("*/globals.yml"), *CONF.glob("*/parameters*.yml")])


@pytest.fixture(scope="module")
def validator():
    # Imported here, because it takes 2 s, in each process that collects tests.
    import jsonschema  # noqa: PLC0415

    return jsonschema.Draft202012Validator(render_schema())


def test_the_committed_file_is_current():
    """kedro dataset schema --output conf/schema.json writes it."""
    assert json.loads((CONF / "schema.json").read_text()) == render_schema()


def test_the_command_prints_it():
    result = CliRunner().invoke(dataset, ["schema"])

    assert json.loads(result.output) == render_schema()


@pytest.mark.parametrize(
    "file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}"
)
def test_files_of_the_project_are_valid_and_name_the_schema(validator, file):
    text = file.read_text()

    validator.validate(yaml.safe_load(text))
    assert text.startswith("# yaml-language-server: $schema=../schema.json\n")


@pytest.mark.parametrize(
    "text",
    [
        "data_science: {candidates: {random_forest: null}}",
        "data_science: {candidates: {svm: {grid: {C: [1]}}}}",
        "data_engineering: {split: {test_size: '${globals:test_size,0.3}'}}",
        "dataset: '${globals:dataset}'",
        "another_pipeline: {threshold: 2}",
    ],
)
def test_differences_and_interpolations_are_accepted(validator, text):
    validator.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "model_release: {gate: {minimum_acuracy: 0.9}}",
        "model_release: {gate: {minimum_accuracy: 2}}",
        "data_science: {training: {scoring: unknown}}",
        "dataset: {name: incomplete}",
        "labelled_rows: {enabled: sometimes}",
    ],
)
def test_mistakes_are_rejected(validator, text):
    assert not validator.is_valid(yaml.safe_load(text))


def test_classes_may_be_numbers_and_booleans(validator):
    dataset = yaml.safe_load((CONF / "base/globals.yml").read_text())["dataset"]
    for classes in ([0, 1], [False, True]):
        target = {"name": "label", "classes": classes}

        validator.validate({"dataset": {**dataset, "target": target}})


def test_every_parameter_is_described():
    missing = [
        f"{model}.{name}"
        for model, definition in render_schema()["$defs"].items()
        for name, parameter in definition.get("properties", {}).items()
        if not parameter.get("description")
    ]

    assert missing == []
