"""The request schemas of a model."""

from typing import Any

import numpy as np
from marshmallow import Schema, post_load

from serving.model.contract.contract import Contract
from serving.schemas.csv_rows import read_csv, read_source
from serving.schemas.feedback import FeedbackReader
from serving.schemas.fields import StrictSchema, load
from serving.schemas.frames import frame_schema
from serving.schemas.inference_v2.messages import inference_schema, read_tensors
from serving.schemas.inference_v2.tensors import BinaryTail
from serving.schemas.rows import Matrix, RowReader
from serving.schemas.vectorized import ColumnNames, Records, TableData, read_table


class Schemas:
    """The request schemas of a model, for the routes and the documentation."""

    def __init__(
        self, contract: Contract, max_rows: int, max_explained_rows: int
    ) -> None:
        self.reader = RowReader(contract, max_rows)
        self.row = self.reader.row
        self.instances = _instances_schema(self.reader)
        self.explained = _instances_schema(self.reader.limit_to(max_explained_rows))
        self.table = _table_schema(self.reader)
        self.frame = frame_schema(self.reader)
        self.inference = inference_schema(self.reader)
        self.feedback = FeedbackReader(contract, max_rows)

    def load_row(self, body: Any) -> Matrix:
        """Load an object with the values of one row, as a matrix of one row."""
        values = load(self.row, body).values()
        return np.array([list(values)], dtype=np.float32)

    def load_batch(self, body: Any) -> Matrix:
        """Load rows as objects, or as columns and data."""
        by_name = not isinstance(body, dict) or "instances" in body
        rows: Matrix = load(self.instances if by_name else self.table, body)
        return rows

    def load_explained(self, body: Any) -> Matrix:
        """Load rows to explain, given as objects."""
        rows: Matrix = load(self.explained, body)
        return rows

    def load_csv(self, body: bytes) -> Matrix:
        """Load rows of CSV."""
        return read_csv(body, self.reader)

    def load_source(self, body: bytes) -> Matrix:
        """Load rows of CSV in the format of the training data."""
        return read_source(body, self.reader)

    def load_frame(self, body: Any) -> Matrix:
        """Load rows in one of MLflow's formats."""
        rows: Matrix = load(self.frame, body)
        return rows

    def load_inference(
        self, message: Any, tail: BinaryTail
    ) -> tuple[dict[str, Any], Matrix]:
        """Load a request of the Open Inference Protocol: the message and its rows."""
        request: dict[str, Any] = load(self.inference, message)
        return request, read_tensors(request["inputs"], self.reader, tail)


def _instances_schema(reader: RowReader) -> Schema:
    class InstancesRequestSchema(StrictSchema):
        instances = Records(reader, "/instances", required=True)

        @post_load
        def unwrap(self, body: dict[str, Any], **_: Any) -> Matrix:
            rows: Matrix = body["instances"]
            return rows

    return InstancesRequestSchema()


def _table_schema(reader: RowReader) -> Schema:
    class TableRequestSchema(StrictSchema):
        columns = ColumnNames(reader, "/columns")
        data = TableData(reader)

        @post_load
        def read(self, body: dict[str, Any], **_: Any) -> Matrix:
            return read_table(reader, body["columns"], body["data"], "/data")

    return TableRequestSchema()
