"""Describes the format of the source file in the contract."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from iris_kedro.specification import Dataset

READ = frozenset({"sep", "delimiter", "decimal", "thousands", "encoding", "na_values"})
# These have no effect, or are overridden by build_load_args.
WITHOUT_EFFECT = frozenset(
    {"engine", "low_memory", "memory_map"}
    | {"dtype", "keep_default_na", "skip_blank_lines", "index_col"}
)


class SourceContract(BaseModel):
    """The format of the source, so that the service reads such files like training.

    Attributes:
        columns: The headers in the specification, by feature and target.
        separator: The separator of fields.
        decimal: The decimal separator.
        thousands: The thousands separator, if any.
        encoding: Python's name of the encoding.
        missing: Additional texts for missing values.
        unsupported: The other ``load_args``, which the service does not support.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: dict[str, str] = {}
    separator: str = ","
    decimal: str = "."
    thousands: str = ""
    encoding: str = "utf-8"
    missing: list[str] = []
    unsupported: list[str] = []


def describe_source(dataset: "Dataset") -> SourceContract:
    """Describe the source of a dataset."""
    described = {**dataset.features, dataset.target.name: dataset.target}
    load_args = dataset.load_args
    separator = load_args.get("delimiter") or load_args.get("sep", ",")
    unsupported = load_args.keys() - READ - WITHOUT_EFFECT
    if (
        not isinstance(separator, str) or len(separator) != 1
    ):  # a regular expression, or detected by pandas
        separator, unsupported = ",", unsupported | {"sep"}
    missing = _list_marks(load_args.get("na_values"))
    if missing is None:
        unsupported |= {"na_values"}
    return SourceContract(
        columns={
            name: each.column
            for name, each in described.items()
            if each.column is not None
        },
        separator=separator,
        missing=missing or [],
        unsupported=sorted(unsupported),
        **_select_texts(load_args, "decimal", "thousands", "encoding"),
    )


def _list_marks(na_values: Any) -> list[str] | None:
    """Return ``na_values`` as texts; None if they depend on the column or are numbers.

    pandas compares numbers by value, and the service compares texts.
    """
    marks = [na_values] if isinstance(na_values, str) else na_values or []
    is_texts = isinstance(marks, list) and all(isinstance(each, str) for each in marks)
    return marks if is_texts else None


def _select_texts(load_args: Mapping[str, Any], *names: str) -> dict[str, str]:
    """Return the given load_args; null means the default of pandas."""
    return {name: load_args[name] for name in names if load_args.get(name)}
