"""The query parameters of requests."""

from marshmallow import EXCLUDE, Schema, fields, validate

CONTRACT, SOURCE = LAYOUTS = ("contract", "source")
WRONG_LAYOUT = "must be one of {choices}, not {input!r}"


class QuerySchema(Schema):
    """Base of queries: other parameters are ignored, as on all routes."""

    class Meta:
        """Ignore other parameters."""

        unknown = EXCLUDE


class BatchQuerySchema(QuerySchema):
    """The query of a batch."""

    layout = fields.String(
        load_default=CONTRACT,
        validate=validate.OneOf(LAYOUTS, error=WRONG_LAYOUT),
        metadata={
            "description": "Layout of CSV: `contract` for exactly the features as "
            "columns, or `source` for the format of the training data, with its "
            "headers, separators and encoding, and additional columns, which are "
            "ignored."
        },
    )


class VersionQuerySchema(QuerySchema):
    """The query of an explanation."""

    version = fields.String(
        load_default=None,
        metadata={
            "description": "Version of the model, that of Production by default. A "
            "canary that made the prediction can be named, too."
        },
    )
