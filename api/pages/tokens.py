"""Whether a form comes from a page of ours: it repeats a random cookie, which no other site can read."""

import hmac
import secrets

from flask import Response, g, request

from services.errors import ForbiddenOrigin

COOKIE = "batchyard_form"
FIELD = "form_token"
BYTES = 32


def current() -> str:
    """Return the token of this browser; a new one if it has none."""
    if "form_token" not in g:
        g.form_token = request.cookies.get(COOKIE) or secrets.token_urlsafe(BYTES)
    return str(g.form_token)


def give(response: Response) -> None:
    """Let the browser keep its token, unless it has it already or no form was rendered."""
    if "form_token" in g and request.cookies.get(COOKIE) != g.form_token:
        response.set_cookie(COOKIE, g.form_token, httponly=True, samesite="Strict", secure=request.is_secure)


def check() -> None:
    """Refuse a form that does not repeat the browser's token.

    Raises: ForbiddenOrigin.
    """
    known, sent = request.cookies.get(COOKIE, ""), request.form.get(FIELD, "")
    if not known or not hmac.compare_digest(known.encode(), sent.encode()):
        hint = "go back, reload the page and submit the form again"
        raise ForbiddenOrigin("This form was not sent from a page of this server in your browser.", hint=hint)
