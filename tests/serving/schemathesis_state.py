"""Hooks of schemathesis: stored predictions, and the format of training data."""

import json
import re
from typing import Any

import schemathesis
from hypothesis import strategies as st

from serving.openapi.feedback import EXAMPLE_ID
from serving.schemas.feedback.fields import ID_PATTERN, MAX_ROW

ROWS = 4  # that are stored under the id


def register(classes: list[str]) -> None:
    """Generate CSV with these classes."""
    cells = st.tuples(st.integers(0, ROWS - 1), st.sampled_from(classes))
    lines = cells.map(lambda row: f"{EXAMPLE_ID},{row[0]},{row[1]}")
    rows = st.lists(lines, min_size=1, max_size=20).map("\n".join)
    header = "prediction_id,row,label"
    schemathesis.openapi.format(
        "feedback-csv", rows.map(lambda text: f"{header}\n{text}\n")
    )


@schemathesis.hook
def filter_case(_: Any, case: Any) -> bool:
    """Omit the layout of the training data, which these models do not describe."""
    is_csv = case.operation.path == "/predict/batch" and case.media_type == "text/csv"
    return not (is_csv and (case.query or {}).get("layout") == "source")


@schemathesis.hook
def before_call(context: Any, case: Any, _: Any) -> None:
    """Make well-formed feedback refer to stored rows."""
    if case.operation.path != "/feedback" or not isinstance(case.body, dict):
        return
    body = json.loads(json.dumps(case.body, default=str))
    items = body.get("feedback", [body])
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            point_to_stored(item)
    case.body = body


def point_to_stored(item: dict[str, Any]) -> None:
    name, row = item.get("prediction_id"), item.get("row")
    if isinstance(name, str) and re.fullmatch(ID_PATTERN, name):
        item["prediction_id"] = EXAMPLE_ID
    if type(row) in (int, float) and 0 <= row <= MAX_ROW and row == int(row):
        item["row"] = int(row) % ROWS
