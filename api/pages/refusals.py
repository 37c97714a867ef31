"""Errors as pages: what went wrong, what to do, and the nearest name."""

import traceback

import structlog
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from api import problems
from api.pages.blueprint import bp, page, wants_page
from services.errors import BatchyardError, Internal, NotFound

log = structlog.get_logger()


def register(app: Flask) -> None:
    """Answer what is nowhere with a page, where a browser asks for it."""
    app.register_error_handler(404, _nowhere)


@bp.errorhandler(BatchyardError)
def refused(error: BatchyardError) -> Response:
    """Return the page of an error; its data, where those are wanted."""
    if not wants_page():
        return problems.answer(error)
    status = problems.STATUS.get(error.code, 500)
    shown = {"title": type(error).title(), "slug": problems.slug(error.code), "request_id": g.get("request_id")}
    response = page("error.html", status, error=error, known_status=status, **shown)
    if error.code in problems.RETRY_AFTER_S:
        response.headers["Retry-After"] = problems.RETRY_AFTER_S[error.code]
    return response


@bp.errorhandler(HTTPException)
def _of_flask(error: HTTPException) -> Response:
    found = problems.of_flask(error)
    return refused(found)


@bp.errorhandler(Exception)
def _bug(error: Exception) -> Response:
    log.error("unexpected error", request_id=g.get("request_id"), path=request.path, exception=traceback.format_exc())
    return refused(Internal())


def _nowhere(error: HTTPException) -> Response:
    found = problems.of_flask(error)
    if request.path.startswith(("/api/", "/v2")) or not isinstance(found, NotFound):
        return problems.answer(found)
    return refused(found)
