"""The format of the file that a model was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from serving.model.contract import parsing
from serving.model.contract.parsing import ContractError

DEFAULTS: dict[str, Any] = {
    "columns": {},
    "separator": ",",
    "decimal": ".",
    "thousands": "",
    "encoding": "utf-8",
    "missing": [],
    "unsupported": [],
}
NO_SEPARATORS = frozenset('"\r\n\0')


@dataclass(frozen=True)
class Source:
    """The format of the training data.

    Attributes:
        columns: Headers that differ from the name, by feature and target.
        separator: Separator of the cells in a row.
        decimal: Decimal separator of numbers.
        thousands: Thousands separator of numbers; empty if there is none.
        encoding: Python's name of the text encoding.
        missing: Additional texts for a missing value.
        unsupported: Options of training that the service does not support.
        is_known: Whether the contract describes the format; older ones do not.
    """

    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    separator: str = ","
    decimal: str = "."
    thousands: str = ""
    encoding: str = "utf-8"
    missing: frozenset[str] = frozenset()
    unsupported: tuple[str, ...] = ()
    is_known: bool = True

    @classmethod
    def from_json(cls, document: Any) -> "Source":
        """Read ``source``.

        Raises:
            ContractError: If it is invalid.
        """
        if "source" not in document:
            return cls(is_known=False)
        part = parsing.add_defaults(document["source"], DEFAULTS, "/source")
        columns = parsing.read_object(part, "columns", "/source")
        source = cls(
            columns={
                name: parsing.read_text(columns, name, "/source/columns")
                for name in columns
            },
            separator=parsing.read_text(part, "separator", "/source"),
            decimal=parsing.read_text(part, "decimal", "/source"),
            thousands=parsing.read_text(part, "thousands", "/source"),
            encoding=parsing.read_text(part, "encoding", "/source"),
            missing=frozenset(parsing.read_texts(part, "missing", "/source")),
            unsupported=parsing.read_texts(part, "unsupported", "/source"),
        )
        source._check()
        return source

    @property
    def marks_numbers(self) -> bool:
        """Whether the number format differs from JSON's."""
        return bool(self.thousands) or self.decimal != "."

    def _check(self) -> None:
        if len(self.separator) != 1 or self.separator in NO_SEPARATORS:
            raise ContractError("/source/separator must be one character")
        if not self.decimal:
            raise ContractError("/source/decimal must not be empty")
        try:
            ",".encode(self.encoding)
        except (LookupError, ValueError):
            message = f"/source/encoding {self.encoding!r} is not a text encoding"
            raise ContractError(message) from None
