"""Writes a proposed specification as YAML, for the user to review."""

import math
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined
from omegaconf import OmegaConf
from pydantic import ValidationError

from iris_kedro.errors import ProjectError
from iris_kedro.specification import Dataset

from .profile import Profile


class _QuotingDumper(yaml.SafeDumper):
    """Quotes texts that only OmegaConf reads as numbers, such as 1e3."""

    def represent_text(self, text: str) -> yaml.Node:
        """Write a text, in quotes unless it starts with a letter."""
        style = None if text[:1].isalpha() else '"'
        plain = text.replace("${", "\\${")  # or OmegaConf would look up a key
        return self.represent_scalar("tag:yaml.org,2002:str", plain, style)


_QuotingDumper.add_representer(str, _QuotingDumper.represent_text)


def write_specification(
    profile: Profile, name: str, source: str, load_args: dict[str, Any]
) -> str:
    """Write ``globals.yml``: each guess with its evidence as a comment.

    Raises:
        ProjectError: If the specification would be invalid.
    """
    counts = (f"{each} {count:,}" for each, count in profile.classes.items())
    text = _render(
        "globals.yml",
        profile=profile,
        counts=", ".join(counts),
        name=name,
        source=source,
        load_args=load_args,
    )
    _check(text, profile)
    return text


def write_gate(profile: Profile) -> str:
    """Write ``parameters.yml``: the minimum requirements for models of this table."""
    floor = math.floor(100 * profile.majority) / 100
    return _render("parameters.yml", profile=profile, floor=f"{floor:g}")


def _check(text: str, profile: Profile) -> None:
    """Check that a run would accept the specification."""
    if not any(guess.feature for guess in profile.guesses):
        reasons = [f"{each.column!r}: {each.evidence}" for each in profile.guesses]
        raise ProjectError(
            "no column of the table can be a feature"
            f" ({'; '.join(reasons) or 'there is only the target'})"
        )
    proposed: Any = OmegaConf.to_container(OmegaConf.create(text))
    try:
        Dataset.model_validate(proposed["dataset"])
    except ValidationError as error:
        issues = [
            f"{'.'.join(map(str, each['loc']))}: {each['msg']}"
            for each in error.errors()
        ]
        raise ProjectError(
            "no valid specification can be proposed for this table:"
            f" {'; '.join(issues)}. Change or remove the column in the source"
        ) from error


def _render(file: str, **values: Any) -> str:
    environment = Environment(  # noqa: S701  (not for HTML)
        loader=PackageLoader("iris_kedro"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["yaml"] = _write_value
    environment.filters["comment"] = _write_comment
    return environment.get_template(f"{file}.jinja").render(values)


def _write_comment(text: str) -> str:
    printable = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(printable.split())


def _write_value(value: Any) -> str:
    """Write a value in one line of YAML that OmegaConf reads unchanged."""
    text = yaml.dump(
        value,
        Dumper=_QuotingDumper,
        default_flow_style=True,
        allow_unicode=True,
        width=math.inf,
        sort_keys=False,
    )
    return text.removesuffix("\n...\n").strip()
