"""marshmallow schemas of what the service says about itself, for the documentation."""

from typing import Any

from marshmallow import Schema, fields

from serving.schemas.responses.predictions import ModelSchema


def _text(**options: Any) -> fields.String:
    return fields.String(required=True, **options)


def _optional_text() -> fields.String:
    return _text(allow_none=True)


def _count(text: str) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": text})


def _counts(text: str) -> fields.Dict:
    names, counts = fields.String(), fields.Integer()
    return fields.Dict(names, counts, required=True, metadata={"description": text})


def _optional(schema: type[Schema]) -> fields.Nested:
    return fields.Nested(schema, required=True, allow_none=True)


def _optional_list(schema: type[Schema]) -> fields.List[Any]:
    return fields.List(fields.Nested(schema), required=True, allow_none=True)


class FallbackSchema(Schema):
    """What is served because Production cannot be."""

    alias = _text()
    wanted = _optional_text()
    reason = _optional_text()


class CanarySchema(Schema):
    """A running canary."""

    version = _text()
    share = fields.Float(required=True)


class ModelResponseSchema(ModelSchema):
    """The model in use."""

    alias = _text()
    digest = _text()
    created_at = _text()
    loaded_at = fields.DateTime(required=True)
    verdict = _optional_text()
    reasons = fields.List(fields.String(), required=True)
    metrics = fields.Dict(required=True)
    tags = fields.Dict(fields.String(), fields.String(), required=True)
    contract = fields.Dict(required=True)
    fallback = _optional(FallbackSchema)
    canary = _optional(CanarySchema)
    feedback = fields.Boolean(required=True)


class TrafficSchema(Schema):
    """Predicted rows since the service started."""

    rows = _count("Number of rows.")
    classes = _counts("Number of rows, by predicted class.")
    out_of_range_rows = _count(
        "Number of rows with a value outside the training range."
    )
    out_of_range = _counts("Number of values outside the training range, by feature.")


class FeedbackFiguresSchema(Schema):
    """Accuracy from labels, or why there is none."""

    enabled = fields.Boolean(required=True)
    reason = fields.String()
    labels = fields.Integer()
    correct = fields.Integer()
    accuracy = fields.Float()
    low = fields.Float(metadata={"description": "Lower end of its 95 % interval."})
    high = fields.Float(metadata={"description": "Upper end of its 95 % interval."})


class ComparedCanarySchema(CanarySchema):
    """A running canary, compared with Production."""

    rows = _count("Number of rows that both have predicted.")
    agreed = _count("Number of rows that both have predicted alike.")
    evidence = fields.Dict(required=True, allow_none=True)


class EventSchema(Schema):
    """A change of Production, a canary or the hold."""

    at = _optional_text()
    action = _optional_text()
    by = _optional_text()
    to = _optional_text()
    origin = _optional_text()
    reason = _text()
    version = _optional_text()
    share = fields.Float(required=True, allow_none=True)


class VersionSchema(Schema):
    """A version of the registry."""

    version = _text()
    created_at = _text()
    aliases = fields.List(fields.String(), required=True)
    candidate = _optional_text()
    verdict = _optional_text()
    reasons = fields.List(fields.String(), required=True)
    note = _optional_text()
    metrics = fields.Dict(fields.String(), fields.Float(), required=True)


class RefusalSchema(Schema):
    """A version that was not published."""

    role = _optional_text()
    version = _optional_text()
    reason = _optional_text()


class RegistrySchema(Schema):
    """The state of the registry."""

    reachable = fields.Boolean(required=True)
    detail = fields.String()
    last_seen = fields.DateTime(allow_none=True)
    unreachable_since = fields.DateTime(allow_none=True)
    last_refusal = fields.Nested(RefusalSchema)
    damaged = fields.String()


class StatusResponseSchema(Schema):
    """How the model is doing."""

    model = fields.Nested(ModelSchema, required=True)
    since = fields.DateTime(required=True, allow_none=True)
    traffic = fields.Nested(TrafficSchema, required=True)
    feedback = fields.Nested(FeedbackFiguresSchema, required=True)
    monitoring = fields.Dict(required=True, allow_none=True)
    canary = _optional(ComparedCanarySchema)
    hold = _optional(EventSchema)
    versions = _optional_list(VersionSchema)
    events = _optional_list(EventSchema)
    registry = _optional(RegistrySchema)
