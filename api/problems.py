"""Errors become problem+json (RFC 9457): the one table from code to status, and the one handler."""

import traceback
from datetime import datetime
from typing import Any

import orjson
import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, RequestedRangeNotSatisfiable, RequestEntityTooLarge

from api import rate_limits
from services import errors
from services.errors import BatchyardError

log = structlog.get_logger()

STATUS = {
    "malformed_json": 400,
    "too_deep": 400,
    "duplicate_key": 400,
    "bad_request": 400,
    "unauthorized": 401,
    "insufficient_scope": 403,
    "forbidden_host": 403,
    "forbidden_origin": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "slow_body": 408,
    "invalid_transition": 409,
    "job_already_finished": 409,
    "ambiguous_job": 409,
    "no_checkpoint_yet": 409,
    "no_checkpoint": 409,
    "not_recorded": 409,
    "dataset_in_use": 409,
    "dataset_damaged": 409,
    "checkpoint_in_use": 409,
    "version_in_use": 409,
    "gate_refused": 409,
    "export_differs": 409,
    "output_not_ready": 409,
    "prediction_in_use": 409,
    "precondition_failed": 412,
    "payload_too_large": 413,
    "range_not_satisfiable": 416,
    "unsupported_media_type": 415,
    "validation_error": 422,
    "idempotency_key_reused": 422,
    "storage_quota_exceeded": 413,
    "too_many_wrong_keys": 429,
    "export_unsupported": 422,
    "quota_exceeded": 429,
    "internal": 500,
    "export_failed": 500,
    "not_ready": 503,
    "overloaded": 503,
    "checkpoint_corrupt": 503,
    "storage_full": 507,
}
#: What is wrong with a request that never reaches a view, in words of our own.
OF_STATUS = {
    400: "part of it is malformed",
    411: "its length is missing",
    414: "its address is too long",
    431: "its headers are too large",
}
RETRY_AFTER_S = {"no_checkpoint_yet": "1", "not_ready": "2", "overloaded": "2", "storage_full": "60"}
#: Our errors for what Flask itself refuses.
OF_FLASK: dict[int, type[BatchyardError]] = {
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    413: errors.TooLarge,
    415: errors.UnsupportedMediaType,
    416: errors.RangeNotSatisfiable,
}


def register(app: Flask) -> None:
    """Answer every error that leaves a view."""
    app.register_error_handler(BatchyardError, answer)
    app.register_error_handler(HTTPException, lambda error: answer(of_flask(error)))
    app.register_error_handler(Exception, _bug)


def slug(code: str) -> str:
    """Return the last part of a problem's address."""
    return code.replace("_", "-")


def answer(error: BatchyardError) -> Response:
    """Return an error as the response that tells the client what to do."""
    status = STATUS.get(error.code, 500)
    members = {
        "type": f"/problems/{slug(error.code)}",
        "title": type(error).title(),
        "status": status,
        "code": error.code,
        "detail": error.detail,
        "instance": request.path,
        "request_id": g.get("request_id"),
        "retryable": status in {429, 503, 507} or error.code == "no_checkpoint_yet",
        **{name: value for name, value in error.members.items() if value is not None},
    }
    kind = "application/problem+json"
    if request.path.startswith("/v2"):  # the Open Inference Protocol has a form of its own, and no 422
        status = 400 if status == 422 else status
        kind, members = "application/json", {"error": error.detail, **members, "status": status}
    response = Response(orjson.dumps(members, default=_plain), status, content_type=kind)
    if error.code in RETRY_AFTER_S:
        response.headers["Retry-After"] = RETRY_AFTER_S[error.code]
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    elif error.code == "insufficient_scope":
        needed = " ".join(error.members["needed"])
        response.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{needed}"'
    if quota := error.members.get("quota"):
        response.headers["RateLimit-Policy"] = rate_limits.policy(quota)
        response.headers["RateLimit"] = rate_limits.left(quota, error.members.get("retry_after_seconds"))
    if seconds := error.members.get("retry_after_seconds"):
        response.headers["Retry-After"] = str(seconds)
    if status == 416 and (size := error.members.get("size_bytes")) is not None:
        response.headers["Content-Range"] = f"bytes */{size}"
    if allowed := members.get("allowed") if status == 405 else None:
        response.headers["Allow"] = ", ".join(allowed)
    return response


def of_flask(error: HTTPException) -> BatchyardError:
    """Return our error for what Flask itself refuses."""
    kind = OF_FLASK.get(error.code or 500, errors.BadRequest if (error.code or 500) < 500 else errors.Internal)
    members: dict[str, Any] = {}
    detail = ""
    if isinstance(error, RequestEntityTooLarge):
        limit = request.max_content_length
        detail, members = f"The body has more than {limit} bytes.", {"limit_bytes": limit}
    elif error.code == 404:
        detail = f"There is nothing at {request.path[:200]}."
    elif error.code == 405:
        members = {"allowed": sorted(set(getattr(error, "valid_methods", None) or []) - {"HEAD", "OPTIONS"})}
    elif isinstance(error, RequestedRangeNotSatisfiable):
        members = {"size_bytes": error.length}
    elif kind is errors.BadRequest:
        detail = f"The request can't be read: {OF_STATUS.get(error.code or 400, 'it does not follow HTTP')}."
    return kind(detail, **members)


def _bug(error: Exception) -> Response:
    log.error("unexpected error", request_id=g.get("request_id"), path=request.path, exception=traceback.format_exc())
    return answer(errors.Internal())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)
