"""The query parameters of requests."""

from marshmallow import EXCLUDE, Schema, fields, validate

CONTRACT, SOURCE = LAYOUTS = ("contract", "source")
WRONG_LAYOUT = "must be one of {choices}, not {input!r}"


class BatchQuerySchema(Schema):
    """The query of a batch; other parameters are ignored, as on all routes."""

    class Meta:
        """Ignore other parameters."""

        unknown = EXCLUDE

    layout = fields.String(
        load_default=CONTRACT,
        validate=validate.OneOf(LAYOUTS, error=WRONG_LAYOUT),
        metadata={
            "description": "How CSV is laid out: with exactly the features as columns, "
            "or as the file that the model was trained on, with its spelling of the "
            "headers, its separator and decimal mark, and other columns to be ignored."
        },
    )
