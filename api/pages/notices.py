"""What was done just now: a sentence that a form's answer leaves for the page that comes next."""

from urllib.parse import quote, unquote

from flask import redirect, request
from werkzeug.wrappers import Response

COOKIE = "batchyard_notice"
MOST = 600
SECONDS = 30


def go(address: str, notice: str = "") -> Response:
    """Return a redirect, and let the next page say the notice."""
    response = redirect(address, 303)
    if notice:
        response.set_cookie(COOKIE, quote(notice[:MOST]), max_age=SECONDS, httponly=True, samesite="Strict")
    return response


def current() -> str:
    """Return the notice that waits for this page."""
    return unquote(request.cookies.get(COOKIE, ""))[:MOST]


def forget(response: Response) -> None:
    """Take away a notice that is shown."""
    if COOKIE in request.cookies:
        response.delete_cookie(COOKIE, httponly=True, samesite="Strict")
