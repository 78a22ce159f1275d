"""marshmallow schemas of responses, for the documentation."""

from typing import Any

from marshmallow import Schema, fields, validate

from serving.model.contract.contract import Contract

PREDICTION_ID = "Id of the prediction, for feedback on it."


class ModelSchema(Schema):
    """The version that made a prediction."""

    name = fields.String(required=True)
    version = fields.String(required=True)
    run_id = fields.String(required=True)


class ValidationIssueSchema(Schema):
    """One validation issue."""

    pointer = fields.String(required=True, metadata={"examples": ["/instances/3/x"]})
    message = fields.String(required=True)
    row = fields.Integer(
        metadata={"description": "Row of a CSV file, whose header is row 1."}
    )


class ErrorSchema(Schema):
    """An error in the format of RFC 9457."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    instance = fields.String(required=True)
    request_id = fields.String(required=True)
    errors = fields.List(
        fields.Nested(ValidationIssueSchema),
        metadata={"description": "The first 100 errors."},
    )
    total = fields.Integer(
        metadata={
            "description": "Number of errors; omitted if there are more than 100."
        }
    )


class InferenceErrorSchema(Schema):
    """An error in the format of the Open Inference Protocol."""

    error = fields.String(required=True)


class ScoringErrorSchema(Schema):
    """An error in the format of MLflow's scoring server."""

    error_code = fields.String(required=True)
    message = fields.String(required=True)
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(ValidationIssueSchema))
    total = fields.Integer()


class ScoringSchema(Schema):
    """Predictions in the format of MLflow's scoring server."""

    predictions = fields.List(fields.String(), required=True)


class FeedbackResponseSchema(Schema):
    """The result of a feedback request."""

    accepted = fields.Integer(
        required=True, metadata={"description": "Number of items in the request."}
    )
    new = fields.Integer(
        required=True,
        metadata={"description": "Number of rows that had no label before."},
    )
    changed = fields.Integer(
        required=True,
        metadata={"description": "Number of rows whose label was different before."},
    )


def prediction_response(contract: Contract) -> type[Schema]:
    """Create the schema of a response for one row."""
    by_class = Schema.from_dict(
        {
            label: fields.Float(required=True, validate=validate.Range(0, 1.000001))
            for label in contract.classes
        },
        name="ProbabilitiesSchema",
    )

    class PredictionResponseSchema(Schema):
        prediction = fields.String(
            required=True,
            validate=validate.OneOf(contract.classes),
            metadata={"description": _describe_prediction(contract)},
        )
        probabilities = fields.Nested(by_class, required=True)
        prediction_id = fields.String(
            required=True, metadata={"description": PREDICTION_ID}
        )
        model = fields.Nested(ModelSchema, required=True)
        out_of_range = fields.List(
            fields.String(validate=validate.OneOf(contract.feature_names)),
            required=True,
            metadata={
                "description": "Features with a value outside the training range, or "
                "with a category that was not seen in training."
            },
        )

    if not contract.labels:
        return PredictionResponseSchema
    words = [contract.labels.get(label, label) for label in contract.classes]
    label = fields.String(
        required=True,
        validate=validate.OneOf(words),
        metadata={"description": "The predicted class in words."},
    )
    name = PredictionResponseSchema.__name__
    return type(name, (PredictionResponseSchema,), {"label": label})


def _describe_prediction(contract: Contract) -> str:
    decision = contract.decision.describe(contract.labels)
    parts = (contract.target_description, decision)
    return "\n\n".join(part for part in parts if part)


def explanation_response(contract: Contract) -> type[Schema]:
    """Generate the schema of the explanation of one row."""
    return type(
        "ExplanationResponseSchema",
        (_explanation(contract),),
        {"model": fields.Nested(ModelSchema, required=True)},
    )


def explanation_batch_response(contract: Contract) -> type[Schema]:
    """Generate the schema of the explanations of several rows."""

    class ExplanationBatchResponseSchema(Schema):
        classes = fields.List(fields.String(), required=True)
        explanations = fields.List(fields.Nested(_explanation(contract)), required=True)
        model = fields.Nested(ModelSchema, required=True)

    return ExplanationBatchResponseSchema


def _explanation(contract: Contract) -> type[Schema]:
    def by_class() -> fields.Dict:
        names = fields.String(validate=validate.OneOf(contract.classes))
        return fields.Dict(names, fields.Float(), required=True)

    def by_feature(text: str, **options: Any) -> fields.Dict:
        names = fields.String(validate=validate.OneOf(contract.feature_names))
        metadata = {"description": text}
        return fields.Dict(
            names, by_class(), required=True, metadata=metadata, **options
        )

    class ExplanationSchema(Schema):
        prediction = fields.String(
            required=True, validate=validate.OneOf(contract.classes)
        )
        probabilities = by_class()
        baseline = by_class()
        contributions = by_feature(
            "For each feature and class, how much the feature moves the probability. "
            "With the baseline, the mean probability of the background rows, they add "
            "up to the probability of the class."
        )
        standard_errors = by_feature(
            "Standard errors of sampled contributions.", allow_none=True
        )
        method = fields.String(
            required=True, validate=validate.OneOf(["exact", "sampled"])
        )
        background_rows = fields.Integer(required=True)

    return ExplanationSchema


def batch_response(contract: Contract) -> type[Schema]:
    """Create the schema of a response for many rows."""
    width = len(contract.classes)

    class BatchResponseSchema(Schema):
        classes = fields.List(fields.String(), required=True)
        predictions = fields.List(
            fields.String(validate=validate.OneOf(contract.classes)), required=True
        )
        probabilities = fields.List(
            fields.List(fields.Float(), validate=validate.Length(equal=width)),
            required=True,
            metadata={
                "description": "One row per prediction, in the order of `classes`."
            },
        )
        prediction_id = fields.String(
            required=True, metadata={"description": PREDICTION_ID}
        )
        model = fields.Nested(ModelSchema, required=True)

    return BatchResponseSchema
