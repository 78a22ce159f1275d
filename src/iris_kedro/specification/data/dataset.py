"""The dataset: features, target, and the texts of its model card."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from iris_kedro.derived.expression import parse
from iris_kedro.specification.base import Name, Parameters, Share
from iris_kedro.specification.data.features import Feature, Number
from iris_kedro.specification.data.target import Target


class Rows(Parameters):
    """Which rows are dropped, and how many may be.

    Attributes:
        duplicates: Whether rows that are equal in all columns are kept or dropped.
        missing_target: Whether rows without a class are dropped or stop the run.
        maximum_loss: Largest share of the rows that may be dropped, for any reason.
    """

    duplicates: Literal["keep", "drop"] = "keep"
    missing_target: Literal["drop", "fail"] = "drop"
    maximum_loss: Annotated[float, Field(ge=0, le=1)] = 0.05


class DatasetSplit(Parameters):
    """How it is decided whether a row is held out.

    Attributes:
        method: What decides whether a row is held out: ``hash`` uses all features of a
            row; ``group`` keeps rows of the same group on one side; ``time`` holds out
            the latest rows.
        column: Header of the groups or times in the source, in any spelling, or the
            name of a feature.
        test_size: Share of the rows that is held out, unless ``data_engineering.split``
            overrides it.
    """

    method: Literal["hash", "group", "time"] = "hash"
    column: Annotated[str, Field(min_length=1)] | None = None
    test_size: Share | None = None

    @model_validator(mode="after")
    def _check_column(self) -> Self:
        if self.method == "hash" and self.column is not None:
            raise ValueError(
                f"column {self.column!r} is for the methods group and time; the method"
                " is hash"
            )
        if self.method != "hash" and self.column is None:
            raise ValueError(
                f"method {self.method} needs a column: the header of the"
                f" {self.method}s in the source"
            )
        return self


class Dataset(Parameters):
    """The feature specification, which defines validation, contract and API.

    Attributes:
        name: Name of the dataset, the registered model and the folders in ``data``.
        source: Location of the raw data: ``sklearn:…``, a file, a URL or an SQL query.
        load_args: Arguments of ``pandas.read_csv`` for a CSV.
        target: Column to predict, with its classes.
        features: Inputs of the model, by name.
        derived: Derived features, which the model computes itself: expressions, by
            name.
        rows: Which rows are dropped, and how many may be.
        split: How it is decided whether a row is held out.
    """

    # In lower case: it names folders, and some file systems ignore case.
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$")]
    source: str
    load_args: dict[str, Any] = {}
    target: Target
    features: Annotated[dict[Name, Feature], Field(min_length=1)]
    derived: dict[Name, str] = {}
    rows: Rows = Field(default_factory=Rows)
    split: DatasetSplit = Field(default_factory=DatasetSplit)

    @model_validator(mode="after")
    def _check_target(self) -> Self:
        if self.target.name in self.features:
            raise ValueError(
                f"the target {self.target.name!r} is also a feature; the model would"
                " get what it has to predict"
            )
        return self

    @model_validator(mode="after")
    def _check_derived(self) -> Self:
        numbers = [name for name in self.columns if name not in self.categories]
        for name, expression in self.derived.items():
            if name in {*self.features, self.target.name}:
                raise ValueError(
                    f"the derived feature {name!r} has the name of a feature or of the"
                    " target; rename it"
                )
            try:
                parse(expression, numbers, self.categories)
            except ValueError as error:
                raise ValueError(f"the derived feature {name!r}: {error}") from None
        return self

    @property
    def columns(self) -> list[str]:
        """Names of the feature columns, in the order of the model's input."""
        return list(self.features)

    @property
    def numbers(self) -> dict[str, Number]:
        """The features that are numbers, by name, in their order."""
        return {
            name: each
            for name, each in self.features.items()
            if isinstance(each, Number)
        }

    @property
    def categories(self) -> list[str]:
        """Names of the features whose values are texts, in their order."""
        return [name for name, each in self.features.items() if each.is_category]


class Card(Parameters):
    """The texts of a model card that cannot be computed.

    Attributes:
        dataset: Dataset that these texts describe; other datasets do not inherit them.
        purpose: What the model is for.
        users: Who should use the model.
        misuses: What the model must not be used for.
        data: Where the data comes from.
        ethics: Ethical considerations about the data and the model.
        caveats: What users of the model must know.
    """

    dataset: str = ""
    purpose: str = ""
    users: list[str] = []
    misuses: list[str] = []
    data: str = ""
    ethics: list[str] = []
    caveats: list[str] = []


def select_words(dataset: str, card: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the texts of a card if they describe a dataset, otherwise none.

    ``conf/base`` describes its own dataset; a dataset in ``conf/<env>`` without a card
    must not inherit these texts.
    """
    return card if card.get("dataset", dataset) == dataset else {}
