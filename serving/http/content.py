"""Content negotiation: reads what clients send, writes what they accept."""

import hashlib
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import orjson
from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import BadRequest, NotAcceptable, UnsupportedMediaType
from werkzeug.http import parse_accept_header, parse_options_header

from serving.http.application import ApiResponse
from serving.schemas.issues import MalformedError, shorten

JSON, CSV = "application/json", "text/csv"
USUAL_HEADER = 1000  # characters; the rest is ignored, because results are cached


def require_content(*mimetypes: str, optional: bool = False) -> str:
    """Return the body's media type.

    Args:
        mimetypes: The media types that the route reads.
        optional: Whether a body without a media type is accepted.

    Raises:
        UnsupportedMediaType: If it is not one of those, or the body is compressed.
    """
    headers = request.environ
    mimetype = parse_mimetype(headers.get("CONTENT_TYPE", "")[:USUAL_HEADER])
    if mimetype not in mimetypes and (mimetype or not optional):
        offered = " or ".join(mimetypes)
        raise UnsupportedMediaType(f"The Content-Type must be {offered}.")
    if headers.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedMediaType("Compressed bodies are not supported.")
    return mimetype


@lru_cache(maxsize=256)
def parse_mimetype(content_type: str) -> str:
    """Return the media type of a ``Content-Type`` header, without its parameters.

    Cached, because clients send the same header each time.
    """
    return parse_options_header(content_type)[0].lower()


def read_query(schema: Schema) -> dict[str, Any]:
    """Load the query parameters.

    Raises:
        BadRequest: If the schema does not allow one of the values.
    """
    try:
        query: dict[str, Any] = schema.load(request.args)
    except ValidationError as error:
        (name, messages), *_ = error.messages_dict.items()
        message = shorten(f"{name} {messages[0]}")
        raise BadRequest(f"The query parameter {message}.") from None
    return query


def read_body() -> bytes:
    """Read the body.

    Raises:
        HTTPException: If it is larger than the settings allow.
    """
    return request.get_data(cache=False)


def read_json() -> Any:
    """Parse the body.

    Raises:
        MalformedError: If it is not valid JSON.
    """
    return parse_json(read_body())


def parse_json(body: bytes) -> Any:
    """Parse JSON, without NaN and infinity.

    Raises:
        MalformedError: If it is not valid JSON.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedError(f"The body is not valid JSON: {error}.") from None


def choose_media_type(*mimetypes: str) -> str:
    """Return the media type that the client prefers.

    Raises:
        NotAcceptable: If it accepts none of them.
    """
    accept = request.environ.get("HTTP_ACCEPT", "*/*")[:USUAL_HEADER]
    chosen = best_match(accept, mimetypes)
    if chosen is None:
        raise NotAcceptable(f"The response can only be {' or '.join(mimetypes)}.")
    return chosen


@lru_cache(maxsize=256)
def best_match(accept: str, mimetypes: tuple[str, ...]) -> str | None:
    """Choose a media type for an ``Accept`` header.

    Cached, because clients send the same header each time.
    """
    return parse_accept_header(accept, MIMEAccept).best_match(mimetypes)


def json_response(
    body: Any, status: int = HTTPStatus.OK, mimetype: str = JSON
) -> ApiResponse:
    """Create a response with a JSON body; arrays become lists."""
    content = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
    return ApiResponse(content, status, content_type=mimetype)


def tagged_response(body: dict[str, Any], omit: str = "") -> ApiResponse:
    """Create a response with a JSON body, or 304 if the client has it already."""
    response = json_response(body)
    content = response.data
    if omit:  # it differs between workers
        lasting = {key: value for key, value in body.items() if key != omit}
        content = json_response(lasting).data
    tag = hashlib.sha256(content).hexdigest()[:32]
    response.set_etag(tag, weak=True)
    response.make_conditional(request)
    return response
