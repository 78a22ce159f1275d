"""The column to predict: its classes, and the costs of mistakes."""

from typing import Annotated, Self

from pydantic import Field, FiniteFloat, field_validator, model_validator

from iris_kedro.specification.base import Name, Parameters
from iris_kedro.specification.data.features import Text, check_unique

Cost = Annotated[FiniteFloat, Field(ge=0)]


class Target(Parameters):
    """The column to predict and its classes.

    Attributes:
        name: Name of the target in the project.
        description: Meaning of the target.
        column: Header of the target in the source; by default its name, in any
            spelling.
        classes: Classes to predict.
        positive: Positive class for ranking metrics and F1, if one class matters most.
        labels: Readable names of classes, by class; not every class needs one.
        costs: Costs of mistakes: for each correct class, the cost of predicting another
            one, which is 1 if it is not listed. Without any costs, the most probable
            class is predicted.
    """

    name: Name
    description: str = ""
    column: str | None = None
    classes: Annotated[list[Text], Field(min_length=2)]
    positive: Text | None = None
    labels: dict[Text, str] = {}
    costs: dict[Text, dict[Text, Cost]] = {}

    @field_validator("classes")
    @classmethod
    def _check_unique(cls, classes: list[str]) -> list[str]:
        return check_unique(classes, "class")

    @model_validator(mode="after")
    def _check_classes(self) -> Self:
        if self.positive is not None and self.positive not in self.classes:
            raise ValueError(
                f"positive is {self.positive!r}, which is not one of {self.classes}"
            )
        for name in self.labels:
            if name not in self.classes:
                raise ValueError(
                    f"labels has {name!r}, which is not one of {self.classes}"
                )
        return self

    @model_validator(mode="after")
    def _check_costs(self) -> Self:
        for right, row in self.costs.items():
            for name in (right, *row):
                if name not in self.classes:
                    raise ValueError(
                        f"costs has {name!r}, which is not one of {self.classes}"
                    )
            if right in row:
                raise ValueError(
                    f"costs has {right!r} predicted as {right!r}: a correct prediction"
                    " costs nothing; remove it"
                )
        rows = (self.complete_costs() or {}).values()
        if self.costs and not any(cost > 0 for row in rows for cost in row.values()):
            raise ValueError(
                "costs are all 0, so that any prediction is as good as another; at"
                " least one must be positive"
            )
        return self

    def complete_costs(self) -> dict[str, dict[str, float]] | None:
        """Return the costs of all mistakes, listed or not; None without any."""
        if not self.costs:
            return None
        return {
            right: {
                name: self.costs.get(right, {}).get(name, 1.0)
                for name in self.classes
                if name != right
            }
            for right in self.classes
        }
