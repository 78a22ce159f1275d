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
            "description": "How CSV is laid out: with exactly the features as columns, "
            "or as the file that the model was trained on, with its spelling of the "
            "headers, its separator and decimal mark, and other columns to be ignored."
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
