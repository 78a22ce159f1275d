"""The OpenAPI 3.1 document of a model, generated from its marshmallow schemas."""

from collections.abc import Callable
from typing import Any

import orjson
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from serving import __version__
from serving.model.contract.contract import Contract
from serving.model.onnx_model import Model
from serving.openapi.bodies import (
    describe_columns,
    describe_inference,
    describe_rows,
)
from serving.openapi.feedback import describe_feedback_list
from serving.openapi.paths import describe_paths
from serving.openapi.values import JsonSchema, describe_property
from serving.schemas.frames import FORMATS
from serving.schemas.requests import Schemas
from serving.schemas.responses.information import (
    ModelResponseSchema,
    StatusResponseSchema,
)
from serving.schemas.responses.predictions import (
    ErrorSchema,
    FeedbackResponseSchema,
    InferenceErrorSchema,
    ScoringErrorSchema,
    ScoringSchema,
    batch_response,
    explanation_batch_response,
    explanation_response,
    prediction_response,
)
from serving.schemas.values.fields import FeatureField
from serving.schemas.vectorized import ColumnNames, Records, TableData, TensorRows


def render_openapi(model: Model, schemas: Schemas, *, protected: bool) -> bytes:
    """Render the document; ``protected`` if predictions require an API key."""
    contract, version = model.contract, model.version
    plugin = MarshmallowPlugin(schema_name_resolver=_schema_name)
    spec = APISpec(
        title=f"{version.name}: prediction of {contract.target}",
        version=__version__,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={
            "description": f"{contract.target_description}\n\n"
            f"Loaded model: {version.name}, version {version.version}."
        },
    )
    converter = plugin.converter
    if converter is None:
        raise RuntimeError("apispec did not initialize its plugin")
    converter.add_attribute_function(_field_describer(contract))
    for name, schema in _components(contract, schemas).items():
        if name not in spec.components.schemas:  # nested ones come with their parents
            spec.components.schema(name, schema=schema)
    spec.components.schemas["ScoringRequest"]["oneOf"] = [
        {"required": [name]} for name in FORMATS
    ]
    spec.components.schema("InferenceRequest", describe_inference(contract))
    most = schemas.feedback.max_rows
    spec.components.schema("FeedbackList", describe_feedback_list(most))
    if protected:
        _add_keys(spec)
    for path, operations in describe_paths(model, protected=protected).items():
        spec.path(path, operations=operations)
    return orjson.dumps(spec.to_dict())


def _components(
    contract: Contract, schemas: Schemas
) -> dict[str, Schema | type[Schema]]:
    return {
        "PredictionRequest": schemas.row,
        "InstancesRequest": schemas.instances,
        "TableRequest": schemas.table,
        "ExplanationRequest": schemas.explained,
        "PredictionResponse": prediction_response(contract),
        "BatchResponse": batch_response(contract),
        "ExplanationResponse": explanation_response(contract),
        "ExplanationBatchResponse": explanation_batch_response(contract),
        "Feedback": schemas.feedback.schema,
        "FeedbackResponse": FeedbackResponseSchema,
        "ScoringRequest": schemas.frame,
        "Scoring": ScoringSchema,
        "StatusResponse": StatusResponseSchema,
        "ModelResponse": ModelResponseSchema,
        "Error": ErrorSchema,
        "ScoringError": ScoringErrorSchema,
        "InferenceError": InferenceErrorSchema,
    }


def _add_keys(spec: APISpec) -> None:
    bearer = {"type": "http", "scheme": "bearer"}
    header = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    spec.components.security_scheme("bearer", bearer)
    spec.components.security_scheme("header", header)


def _schema_name(schema: Any) -> str:
    """Name a component after its class, without the suffix."""
    kind = schema if isinstance(schema, type) else type(schema)
    return str(kind.__name__).removesuffix("Schema")


def _field_describer(contract: Contract) -> Callable[..., JsonSchema]:
    """Return a function that describes our own fields."""
    example = contract.examples[0]

    def describe_field(self: Any, field: fields.Field[Any], **_: Any) -> JsonSchema:
        if isinstance(field, FeatureField):
            return describe_property(field.feature, example[field.feature.name])
        if isinstance(field, ColumnNames):
            return describe_columns(contract)
        if not isinstance(field, Records | TableData | TensorRows):
            return {}
        reader = field.reader
        rows = describe_rows(contract, reader.max_rows)
        if isinstance(field, TableData):
            return rows
        row = self.resolve_nested_schema(reader.row)
        records = {
            "type": "array",
            "items": row,
            "minItems": 1,
            "maxItems": reader.max_rows,
        }
        return records if isinstance(field, Records) else {"anyOf": [rows, records]}

    return describe_field
