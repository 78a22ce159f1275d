"""Request bodies of feedback."""

from typing import Any

from serving.model.contract.contract import Contract
from serving.openapi.values import JsonSchema
from serving.schemas.feedback.reading import MEMBER, NAMES

EXAMPLE_ID = "9bb7fddde93d466099127882ea466109"
ITEM = {"$ref": "#/components/schemas/Feedback"}
LIST = {"$ref": "#/components/schemas/FeedbackList"}


def describe_feedback_list(max_rows: int) -> JsonSchema:
    """Describe an object with a list of feedback items."""
    items = {"type": "array", "items": ITEM, "minItems": 1, "maxItems": max_rows}
    return {
        "type": "object",
        "required": [MEMBER],
        "properties": {MEMBER: items},
        "additionalProperties": False,
    }


def describe_feedback_json(contract: Contract) -> dict[str, Any]:
    """Describe feedback on one row and on several rows."""
    label = contract.classes[0]
    items = [
        dict(zip(NAMES, (EXAMPLE_ID, row, label), strict=True)) for row in range(2)
    ]
    one = {"prediction_id": EXAMPLE_ID, "label": label}
    return {
        "schema": {"oneOf": [ITEM, LIST]},
        "examples": {
            "one row": {"value": one},
            "rows of a batch": {"value": {MEMBER: items}},
        },
    }


def describe_feedback_csv() -> dict[str, Any]:
    """Describe feedback as CSV."""
    columns = f"{', '.join(NAMES[:-1])} and {NAMES[-1]}"
    description = f"The columns {columns} in any order; row is optional."
    schema = {"type": "string", "format": "feedback-csv", "description": description}
    return {"schema": schema}
