"""The marshmallow fields of many rows, which are checked as one array."""

from functools import partial
from typing import Any

from marshmallow import fields

from serving.schemas.issues import MESSAGES, point
from serving.schemas.rows import Matrix, RowReader


class Records(fields.Field[Matrix]):
    """Rows as objects."""

    default_error_messages = MESSAGES

    def __init__(self, reader: RowReader, at: str, **options: Any) -> None:
        self.reader, self.at = reader, at
        super().__init__(**options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Matrix:
        return self.reader.from_records(value, self.at)


class TensorRows(fields.Field[Matrix]):
    """Rows in TensorFlow Serving's formats: rows, named rows or named columns."""

    default_error_messages = MESSAGES

    def __init__(self, reader: RowReader, at: str) -> None:
        self.reader, self.at = reader, at
        super().__init__()

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Matrix:
        if isinstance(value, dict):
            return self.reader.from_columns(value, self.at)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return self.reader.from_records(value, self.at)
        order = range(len(self.reader.names))
        return read_table(self.reader, list(order), value, self.at)


class ColumnNames(fields.Field[list[int]]):
    """The names of a table's columns; loads the position of each feature."""

    default_error_messages = MESSAGES

    def __init__(self, reader: RowReader, at: str) -> None:
        self.reader, self.at = reader, at
        super().__init__(required=True)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[int]:
        return self.reader.order_of(value, self.at)


class TableData(fields.Field[Any]):
    """The rows of a table as lists; read once the order of its columns is known."""

    default_error_messages = MESSAGES

    def __init__(self, reader: RowReader) -> None:
        self.reader = reader
        super().__init__(required=True)


def read_table(reader: RowReader, order: list[int], data: Any, at: str) -> Matrix:
    """Read the rows of a table."""
    reader.check_list(data, at, "arrays")
    return reader.from_rows(data, order, partial(point, at))
