"""The data frames and tensors of MLflow's scoring protocol."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, post_load, pre_load

from serving.schemas.issues import MESSAGES, MalformedError
from serving.schemas.rows import Matrix, RowReader
from serving.schemas.vectorized import (
    ColumnNames,
    Records,
    TableData,
    TensorRows,
    read_table,
)

FORMATS = ("dataframe_split", "dataframe_records", "instances", "inputs")


class FrameSchema(Schema):
    """Base of the formats; ignores members such as ``params``."""

    error_messages = {"type": "must be an object"}  # noqa: RUF012

    class Meta:
        """Ignore other members, as MLflow does."""

        unknown = EXCLUDE


def frame_schema(reader: RowReader) -> Schema:
    """Create the schema of a body in one of MLflow's formats."""

    class SplitFrameSchema(FrameSchema):
        columns = ColumnNames(reader, "/dataframe_split/columns")
        data = TableData(reader)

        @post_load
        def read(self, body: dict[str, Any], **_: Any) -> Matrix:
            at = "/dataframe_split/data"
            return read_table(reader, body["columns"], body["data"], at)

    class ScoringRequestSchema(FrameSchema):
        dataframe_split = fields.Nested(SplitFrameSchema, error_messages=MESSAGES)
        dataframe_records = Records(reader, "/dataframe_records")
        instances = TensorRows(reader, "/instances")
        inputs = TensorRows(reader, "/inputs")

        @pre_load
        def check_format(self, body: Any, **_: Any) -> Any:
            present = isinstance(body, dict) and [n for n in FORMATS if n in body]
            if not present or len(present) != 1:
                raise MalformedError(
                    "The body must be an object with exactly one of "
                    f"{', '.join(FORMATS)}."
                )
            return body

        @post_load
        def unwrap(self, body: dict[str, Matrix], **_: Any) -> Matrix:
            (rows,) = body.values()
            return rows

    return ScoringRequestSchema()
