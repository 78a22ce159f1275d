"""The file that a model was trained on: how it is written, as the contract says."""

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
    """How the source is written.

    Attributes:
        columns: Headers that differ from the name, by feature and target.
        separator: Between the cells of a row.
        decimal: The decimal mark of numbers.
        thousands: What numbers are grouped with, "" if they are not.
        encoding: Of the text, as Python names it.
        missing: Further texts that mean a missing value.
        unsupported: Options that training reads it with and the service does not know.
        is_known: Whether the contract says all this: older ones do not.
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
            ContractError: If it cannot be followed.
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
        """Whether numbers are written otherwise than in JSON."""
        return bool(self.thousands) or self.decimal != "."

    def _check(self) -> None:
        if len(self.separator) != 1 or self.separator in NO_SEPARATORS:
            raise ContractError("/source/separator must be one character")
        if not self.decimal:
            raise ContractError("/source/decimal must not be empty")
        try:
            ",".encode(self.encoding)
        except (LookupError, ValueError):
            message = f"/source/encoding {self.encoding!r} is not one of texts"
            raise ContractError(message) from None
