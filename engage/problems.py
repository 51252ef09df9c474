"""Errors as RFC 9457 problem details that say what to do."""

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, InternalServerError

from engage.models import Problem
from engage.settings import LARGEST_BODY

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_ADVICE = {
    400: "The request is not well formed: {reason}",
    404: "There is nothing at {path}; /api/openapi.json lists what there is.",
    405: "{path} does not take {method}; the Allow header lists what it takes.",
    413: f"The body is too large; nothing here takes more than {LARGEST_BODY // 1024} KiB.",
    500: "This is an error in Headway; the log of engage says more.",
}


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> Response:
    body = Problem(title=title, status=status, detail=detail)
    return Response(body.model_dump_json(by_alias=True), status, headers, content_type=MEDIA_TYPE)


def add_problems(app: Flask) -> None:
    """Whatever goes wrong in a request is answered as a problem."""
    app.register_error_handler(HTTPException, _answer)


def _answer(error: HTTPException) -> Response:
    if isinstance(error, InternalServerError) and error.original_exception is not None:
        log.error("a request failed", path=request.path, exc_info=error.original_exception)
    status = error.code or 500
    advice = _ADVICE.get(status, "{reason}")
    detail = advice.format(path=request.path, method=request.method, reason=error.description)
    headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    return problem(status, error.name, detail, headers)
