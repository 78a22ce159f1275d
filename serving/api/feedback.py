"""Route /feedback: the correct classes of predicted rows."""

from flask import Blueprint

from serving.config import variable_name
from serving.database.errors import DatabaseOffError
from serving.http.application import ApiResponse
from serving.http.content import (
    CSV,
    JSON,
    choose_media_type,
    json_response,
    read_body,
    read_json,
    require_content,
)
from serving.service import the_service

blueprint = Blueprint("feedback", __name__)


@blueprint.post("/feedback")
def take_feedback() -> ApiResponse:
    """Store the correct classes of predicted rows."""
    choose_media_type(JSON)
    mimetype = require_content(JSON, CSV)
    service = the_service()
    if service.feedback is None:
        variable = variable_name("database_url")
        raise DatabaseOffError(f"Feedback is off. Set {variable} to a database.")
    served = service.current.get()
    reader = served.schemas.feedback
    is_csv = mimetype == CSV
    feedback = reader.read_csv(read_body()) if is_csv else reader.read(read_json())
    name = served.model.version.name
    written = service.feedback.take(feedback, name, served.feedback_metrics)
    counts = {
        "accepted": len(feedback.items),
        "new": written.new.total(),
        "changed": written.changed.total(),
    }
    return json_response(counts)
