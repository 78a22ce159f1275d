"""marshmallow schemas of our own routes, generated from a model's contract."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate

from serving.model.contract import Contract, Feature
from serving.schemas.issues import Fault, InvalidInputError, find_fault, point
from serving.schemas.rows import Matrix, RowReader


class Reasoned(str):
    """An error message that remembers its reason, for the metrics."""

    __slots__ = ("reason",)

    def __new__(cls, message: str, reason: str) -> "Reasoned":
        """Attach a reason to a message."""
        text = super().__new__(cls, message)
        text.reason = reason
        return text

    reason: str


class Measurement(fields.Float):
    """A number of one feature: no text, boolean, NaN, nor outside of its range."""

    default_error_messages = {  # noqa: RUF012 -- marshmallow's way
        "required": Reasoned("is missing", "missing"),
        "null": Reasoned("must be a number, not null", "null"),
    }

    def __init__(self, feature: Feature, example: float) -> None:
        self.feature = feature
        super().__init__(
            required=True,
            validate=validate.Range(feature.minimum, feature.maximum),
            metadata={
                "description": f"{feature.description} ({feature.unit})",
                "examples": [example],
                "x-unit": feature.unit,
            },
        )

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> float:
        fault = find_fault(value, self.feature)
        if fault:
            raise ValidationError(Reasoned(fault[1], fault[0]))
        return float(value)


class Records(fields.Field[Matrix]):
    """Rows as objects, checked as one array."""

    def __init__(self, reader: RowReader, row: type[Schema]) -> None:
        self.reader, self.row = reader, row
        super().__init__(required=True)

    def _deserialize(self, value: Any, attr: Any, *_: Any, **__: Any) -> Matrix:
        return self.reader.from_records(value, f"/{attr}")


class ShortList(fields.List[Any]):
    """A list whose length is checked before its items are.

    marshmallow checks it after them, when a body of wrong items has already taken a
    thousand times its size in messages.
    """

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, list):
            self._validate(value)
        return super()._deserialize(value, *args, **kwargs)


class StrictSchema(Schema):
    """Base of the requests: says "is not an input" where marshmallow says less."""

    error_messages = {  # noqa: RUF012 -- marshmallow's way
        "unknown": Reasoned("is not an input of the model", "unknown"),
        "type": Reasoned("must be an object", "shape"),
    }

    class Meta:
        """Unknown fields are mistakes, not wishes."""

        unknown = RAISE


class Schemas:
    """The schemas of one model: what the routes load and the documentation shows."""

    def __init__(self, contract: Contract, max_rows: int) -> None:
        self.reader = RowReader(contract, max_rows)
        self.row = _row_schema(contract)()
        self._names = contract.feature_names
        self.instances = StrictSchema.from_dict(
            {"instances": Records(self.reader, type(self.row))},
            name="InstancesRequestSchema",
        )()
        self.table = _table_schema(self.reader, list(contract.examples[0].values()))()

    def load_row(self, body: Any) -> Matrix:
        """Load a row given by names into a matrix of one row."""
        loaded = load(self.row, body)
        values = [loaded[name] for name in self._names]
        return np.array([values], dtype=np.float32)

    def load_batch(self, body: Any) -> Matrix:
        """Load rows given as objects or as columns and data."""
        by_name = not isinstance(body, dict) or "instances" in body
        rows: Matrix = (
            load(self.instances, body)["instances"]
            if by_name
            else load(self.table, body)
        )
        return rows


def load(schema: Schema, body: Any, at: str = "") -> Any:
    """Load a body; errors come out with JSON pointers and reasons.

    Raises:
        InvalidInputError: If the schema does not accept the body.
    """
    try:
        return schema.load(body)
    except ValidationError as error:
        names = frozenset(schema.fields)
        faults = _flatten(error.messages_dict, names, at)
        raise InvalidInputError.collect(faults) from None


def _flatten(
    messages: Mapping[Any, Any], names: frozenset[str], at: str
) -> list[Fault]:
    """Turn marshmallow's nested messages into faults."""
    faults = []
    for name, inner in messages.items():
        place = at if name == "_schema" else point(at, name)
        if isinstance(inner, dict):
            faults += _flatten(inner, names, place)
            continue
        for message in inner:
            reason = getattr(message, "reason", "shape")
            field = name if name in names else ""
            faults.append(Fault(place, str(message), field, reason))
    return faults


def _row_schema(contract: Contract) -> type[Schema]:
    example = contract.examples[0]
    return StrictSchema.from_dict(
        {
            feature.name: Measurement(feature, example[feature.name])
            for feature in contract.features
        },
        name="PredictionRequestSchema",
    )


def _describe_table(reader: RowReader, example: list[float]) -> dict[str, Any]:
    """Describe rows of bare numbers; their ranges depend on the order of columns."""
    row = {
        "type": "array",
        "items": {"type": "number"},
        "minItems": len(reader.names),
        "maxItems": len(reader.names),
    }
    return {
        "type": "array",
        "items": row,
        "minItems": 1,
        "maxItems": reader.max_rows,
        "examples": [[example]],
    }


def _table_schema(reader: RowReader, example: list[float]) -> type[Schema]:
    names = list(reader.names)

    class TableRequestSchema(StrictSchema):
        columns = ShortList(
            fields.String(validate=validate.OneOf(names)),
            required=True,
            validate=validate.Length(equal=len(names)),
            metadata={
                "description": "Names of the columns, in any order.",
                "uniqueItems": True,
                "examples": [names],
            },
        )
        data = fields.Raw(required=True, metadata=_describe_table(reader, example))

        @post_load
        def read(self, body: dict[str, Any], **_: Any) -> Matrix:
            return reader.from_table(body["columns"], body["data"], "/data")

    return TableRequestSchema
