"""The dataset: features, target, and the words of its model card."""

from typing import Annotated, Self

from pydantic import Field, FiniteFloat, field_validator, model_validator

from .base import Name, Parameters


class Feature(Parameters):
    """What one input column means and which values it can have at all."""

    description: str
    unit: str = ""
    minimum: FiniteFloat
    maximum: FiniteFloat

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        if self.minimum >= self.maximum:
            raise ValueError(
                f"minimum {self.minimum} must be below maximum {self.maximum}"
            )
        return self


class Target(Parameters):
    """The column to predict and its classes."""

    name: Name
    description: str = ""
    classes: Annotated[list[str], Field(min_length=2)]
    positive: str | None = None

    @model_validator(mode="after")
    def _check_positive(self) -> Self:
        if self.positive is not None and self.positive not in self.classes:
            raise ValueError(
                f"positive is {self.positive!r}, which is not one of {self.classes}"
            )
        return self

    @field_validator("classes")
    @classmethod
    def _check_unique(cls, classes: list[str]) -> list[str]:
        if len(set(classes)) < len(classes):
            raise ValueError(f"a class is named twice in {classes}")
        return classes


class Dataset(Parameters):
    """The feature specification, from which validation, contract and API follow."""

    # In lower case: it names folders, and some file systems ignore case.
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    source: str
    target: Target
    features: Annotated[dict[Name, Feature], Field(min_length=1)]

    @model_validator(mode="after")
    def _check_target(self) -> Self:
        if self.target.name in self.features:
            raise ValueError(
                f"the target {self.target.name!r} is also a feature; a model would be"
                " told what it is to predict"
            )
        return self

    @property
    def columns(self) -> list[str]:
        """Names of the feature columns, in the order of the model's input."""
        return list(self.features)


class Card(Parameters):
    """What a model card says that no computation can find out."""

    purpose: str = ""
    users: list[str] = []
    misuses: list[str] = []
    data: str = ""
    ethics: list[str] = []
    caveats: list[str] = []
