"""Reads feedback from JSON and CSV."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from serving.model.contract.contract import Contract
from serving.schemas.columns import order_columns
from serving.schemas.csv_rows.columns import FIRST_ROW
from serving.schemas.csv_rows.reading import decode
from serving.schemas.feedback.fields import MAX_ROW, feedback_schema
from serving.schemas.fields import Locate, load
from serving.schemas.issues import (
    InvalidInputError,
    MalformedError,
    TooManyRowsError,
    ValidationIssue,
    describe,
    point,
)

MEMBER = "feedback"  # the member with the list
NAMES = ("prediction_id", "row", "label")


class Feedback(NamedTuple):
    """The correct class of a predicted row."""

    prediction_id: str
    row: int
    label: str

    @property
    def key(self) -> tuple[str, int]:
        """The key of the predicted row."""
        return self.prediction_id, self.row


@dataclass(frozen=True)
class FeedbackRequest:
    """The feedback of one request, in its original order.

    Attributes:
        items: The feedback.
        locate: Returns the JSON pointer to a member, given the index of the item.
        lines: Line numbers of CSV rows; empty for JSON.
    """

    items: list[Feedback]
    locate: Locate
    lines: Sequence[int] = ()

    def describe(self, index: int, name: str, message: str) -> ValidationIssue:
        """Describe an issue with a member of an item."""
        line = self.lines[index] if self.lines else 0
        pointer = self.locate(index, name)
        return ValidationIssue(pointer, message, "", "unknown", line)


class FeedbackReader:
    """Reads feedback requests."""

    def __init__(self, contract: Contract, max_rows: int) -> None:
        self.schema = feedback_schema(contract)
        self.max_rows = max_rows
        self._classes = frozenset(contract.classes)

    def read(self, body: Any) -> FeedbackRequest:
        """Read one item, or an object with a list of items.

        Raises:
            InvalidInputError: If an item is invalid.
            TooManyRowsError: If there are too many.
        """
        if not (isinstance(body, dict) and MEMBER in body):
            return self._read([body], lambda _, *steps: point("", *steps), self._load)
        items, at = body[MEMBER], point("", MEMBER)
        others = [name for name in body if name != MEMBER]
        if others:
            message = f"is not allowed next to {MEMBER!r}"
            raise InvalidInputError.of(point("", others[0]), message, "unknown")
        if not isinstance(items, list):
            message = f"must be an array of objects, not {describe(items)}"
            raise InvalidInputError.of(at, message)
        self._check_count(len(items), at)
        return self._read(items, partial(point, at), self._load)

    def read_csv(self, body: bytes) -> FeedbackRequest:
        """Read CSV with the columns prediction_id, label and, optionally, row.

        Raises:
            MalformedError: If it is not UTF-8 text or not CSV.
            InvalidInputError: If a row is invalid.
            TooManyRowsError: If there are too many.
        """
        text = decode(body).replace("\r\n", "\n").replace("\r", "\n")
        lines = io.StringIO(text, newline="")
        rows = csv.reader(lines, strict=True, skipinitialspace=True)
        try:
            header = [cell.strip() for cell in next(rows, [])]
            names = [each for each in NAMES if each != "row" or each in header]
            order = order_columns(header, names, "/0", of="a column of feedback")
            numbered = ((n, row) for n, row in enumerate(rows, FIRST_ROW) if any(row))
            found = list(islice(numbered, self.max_rows + 1))
        except csv.Error as error:
            raise MalformedError(f"The body is not valid CSV: {error}.") from None
        self._check_count(len(found), "")
        table, numbers = [cells for _, cells in found], [number for number, _ in found]

        def locate(index: int, *steps: object) -> str:
            return point("", index + 1, *steps)

        def load_cells(cells: list[str], locate: Locate) -> Any:
            if len(cells) != len(order):
                message = f"must have {len(order)} cells, not {len(cells)}"
                raise InvalidInputError.of(locate(), message)
            return load(self.schema, self._name_cells(cells, names, order), locate)

        return self._read(table, locate, load_cells, numbers)

    def _name_cells(
        self, cells: list[str], names: list[str], order: list[int]
    ) -> dict[str, Any]:
        """Convert the cells of a row to the values of a JSON item."""
        item: dict[str, Any] = {}
        for name, place in zip(names, order, strict=True):
            cell = cells[place]
            item[name] = cell if cell in self._classes else cell.strip()
        row = item.get("row", "")
        if row.isascii() and row.isdigit() and len(row) <= len(str(MAX_ROW)):
            item["row"] = int(row)
        return item

    def _load(self, item: Any, locate: Locate) -> Any:
        return load(self.schema, item, locate)

    def _read(
        self,
        items: Iterable[Any],
        locate: Locate,
        load_item: Callable[[Any, Locate], Any],
        lines: Sequence[int] = (),
    ) -> FeedbackRequest:
        """Read items one by one, and stop after a hundred issues."""
        accepted: list[Feedback] = []

        def read() -> Iterator[ValidationIssue]:
            for index, item in enumerate(items):
                try:
                    loaded = load_item(item, partial(locate, index))
                except InvalidInputError as error:
                    line = lines[index] if lines else 0
                    # Its fields are not features of the model.
                    for issue in error.issues:
                        yield replace(issue, field="", row=line)
                else:
                    accepted.append(Feedback(**loaded))

        error = InvalidInputError.collect(read())
        if error.issues:
            raise error
        return FeedbackRequest(accepted, locate, lines)

    def _check_count(self, count: int, at: str) -> None:
        if count > self.max_rows:
            raise TooManyRowsError(
                f"The body has {count} rows; the limit is {self.max_rows}."
            )
        if count == 0:
            raise InvalidInputError.of(at, "must contain at least one row")
