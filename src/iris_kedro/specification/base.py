"""The base of all parameter models."""

import inspect
import re
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

# As ``standardize_name`` spells columns: with single underscores, only within the name.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
Share = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
LISTED = 20  # names in one message
ATTRIBUTE = re.compile(r"^ {4}(\w+): (.+(?:\n {8}.+)*)", re.MULTILINE)


def _describe(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """Take the descriptions in a JSON schema from the docstrings of the classes."""
    summary = (inspect.getdoc(model) or "").split("\n\nAttributes:")[0]
    schema["description"] = _use_markdown(summary)
    properties = schema.get("properties", {})
    for ancestor in reversed(model.__mro__):
        # Python 3.13 has removed the indentation already.
        documentation = inspect.cleandoc(ancestor.__doc__ or "")
        attributes = documentation.partition("Attributes:\n")[2]
        for name, text in ATTRIBUTE.findall(attributes):
            field = model.model_fields.get(name)
            key = field and (field.alias or name)
            if key in properties:
                properties[key]["description"] = _use_markdown(" ".join(text.split()))


def _use_markdown(text: str) -> str:
    return text.replace("``", "`")


class Parameters(BaseModel):
    """Base of the parameter models: no unknown keys, immutable, logged as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True, json_schema_extra=_describe)

    @model_validator(mode="before")
    @classmethod
    def _check_keys(cls, values: Any) -> Any:
        if isinstance(values, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            check_known(values, known, cls.__name__)
        return values

    def __str__(self) -> str:
        """Return JSON, because MLflow logs parameters with ``str``."""
        return self.model_dump_json(by_alias=True)


def check_known(given: dict[str, Any], known: list[str], owner: str) -> None:
    """Check that the given parameter names are known.

    Raises:
        ValueError: Names the first unknown parameter, and the known ones.
    """
    for name in given:
        if name not in known:
            nearest = get_close_matches(str(name), known, n=1)
            hint = f"did you mean {nearest[0]!r}? " if nearest else ""
            raise ValueError(
                f"{owner} has no parameter {name!r}; {hint}"
                f"It has {_list_nearest(str(name), known)}"
            )


def _list_nearest(name: str, known: list[str]) -> str:
    nearest = get_close_matches(name, known, n=LISTED, cutoff=0)
    more = len(known) - len(nearest)
    return ", ".join(sorted(nearest)) + (f" and {more} more" if more else "")
