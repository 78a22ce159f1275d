"""The types of features, which define the valid values of columns."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    FiniteFloat,
    StringConstraints,
    Tag,
    field_validator,
    model_validator,
)

from iris_kedro.specification.base import Parameters


def write_value(value: Any) -> Any:
    """Return a class or category as text; YAML may parse it as a number or boolean."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return value


Text = Annotated[
    str,
    StringConstraints(min_length=1),
    BeforeValidator(write_value, json_schema_input_type=str | float | bool),
]


class AnyFeature(Parameters):
    """The common attributes of all features.

    Attributes:
        description: Meaning of the feature.
        column: Header of the feature in the source; by default its name, in any
            spelling.
        nullable: Whether values may be missing.
    """

    description: str = ""
    column: str | None = None
    nullable: bool = False

    @property
    def is_category(self) -> bool:
        """Whether its values are texts; all other features are numeric."""
        return False

    def expect(self) -> str:
        """Describe the valid values."""
        raise NotImplementedError


class Number(AnyFeature):
    """A number, within the range of its possible values.

    Attributes:
        type: ``number``, the default.
        unit: Unit of measurement.
        minimum: Smallest accepted value.
        maximum: Largest accepted value.
    """

    type: Literal["number"] = "number"
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

    def expect(self) -> str:
        """Describe the valid values."""
        return f"a number from {self.minimum:.15g} to {self.maximum:.15g}"


class Integer(Number):
    """A whole number, within the range of its possible values.

    Attributes:
        type: ``integer``.
    """

    type: Literal["integer"]  # type: ignore[assignment]  # the discriminator

    def expect(self) -> str:
        """Describe the valid values."""
        return f"a whole number from {self.minimum:.15g} to {self.maximum:.15g}"


class Boolean(AnyFeature):
    """True or false, which is 1 or 0 for the model.

    Attributes:
        type: ``boolean``.
    """

    type: Literal["boolean"]

    def expect(self) -> str:
        """Describe the valid values."""
        return "true or false"


class Category(AnyFeature):
    """A text from a list of categories.

    Attributes:
        type: ``category``.
        categories: Accepted values, in the order of an ordinal encoding.
        unknown: Whether values that are not in ``categories`` are rejected or accepted.
    """

    type: Literal["category"]
    categories: Annotated[list[Text], Field(min_length=1)]
    unknown: Literal["reject", "accept"] = "reject"

    @field_validator("categories")
    @classmethod
    def _check_unique(cls, categories: list[str]) -> list[str]:
        return check_unique(categories, "category")

    @property
    def is_category(self) -> bool:
        """Whether its values are texts."""
        return True

    def expect(self) -> str:
        """Describe the valid values."""
        return f"one of {', '.join(map(repr, self.categories))}"


def check_unique(values: list[str], kind: str) -> list[str]:
    """Check that no value is listed twice."""
    if len(set(values)) < len(values):
        raise ValueError(f"a {kind} is listed twice in {values}")
    return values


def _name_type(value: Any) -> str | None:
    kind = value.get("type", "number") if isinstance(value, dict) else value.type
    return kind if kind in {"number", "integer", "boolean", "category"} else None


Feature = Annotated[
    Annotated[Number, Tag("number")]
    | Annotated[Integer, Tag("integer")]
    | Annotated[Boolean, Tag("boolean")]
    | Annotated[Category, Tag("category")],
    Discriminator(
        _name_type,
        custom_error_type="type",
        custom_error_message="type must be number, integer, boolean or category",
    ),
]
