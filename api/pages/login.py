"""Logging in with a key, and out: the browser gets a signed cookie, no page ever holds the key."""

from urllib.parse import quote, urlsplit

from flask import Response, current_app, g, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from api import auth, problems
from api.pages import notices
from api.pages.blueprint import bp, page, wants_page
from api.parts import api
from services.account_errors import TooManyWrongKeys, Unauthorized
from services.accounts.wrong_keys import WrongKeys


@bp.get("/login")
def login() -> Response:
    """Ask for a key."""
    return page("login.html", next=_place(request.args.get("next", "")), error="", is_needed=_is_needed())


@bp.post("/login")
def log_in() -> Response | Redirect:
    """Begin a session with the key that was typed."""
    place, token = _place(request.form.get("next", "")), request.form.get("key", "").strip()
    found = api().keys.check(token) if _is_needed() and token else None
    if found is None or found.key_id is None:
        wrong_keys: WrongKeys = current_app.extensions["batchyard.wrong_keys"]
        try:
            auth.wrong(wrong_keys)
        except (Unauthorized, TooManyWrongKeys) as error:
            words = error.detail if isinstance(error, TooManyWrongKeys) else "That is not a valid key. Check it."
            status = 429 if isinstance(error, TooManyWrongKeys) else 401
            return page("login.html", status, next=place, error=words, is_needed=_is_needed())
    g.grant = found
    response = redirect(place, 303)
    seconds = int(api().base.settings.session_s)
    cookie, secure = api().sessions.begin(found.key_id), request.is_secure
    response.set_cookie(auth.COOKIE, cookie, max_age=seconds, httponly=True, samesite="Strict", secure=secure)
    return response


@bp.post("/logout")
def log_out() -> Redirect:
    """End the session of this browser, also for whoever has a copy of its cookie."""
    api().sessions.end(request.cookies.get(auth.COOKIE, ""))
    response = notices.go(url_for("pages.login"), "You are logged out.")
    response.delete_cookie(auth.COOKIE, httponly=True, samesite="Strict", secure=request.is_secure)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@bp.app_errorhandler(Unauthorized)
@bp.errorhandler(Unauthorized)
def to_login(error: Unauthorized) -> Response | Redirect:
    """Show the login page to a browser that comes without a key."""
    if not wants_page() or request.path.startswith(("/api/", "/v2")):
        return problems.answer(error)
    place = request.full_path.rstrip("?") if request.method == "GET" else "/"
    return redirect(f"{url_for('pages.login')}?next={quote(place)}", 303)


def _place(said: str) -> str:
    """Return an address of ours to go on to: a path, whatever a link made of it."""
    parts = urlsplit(said.replace("\\", "/"))
    # `//elsewhere` and `/\elsewhere` are other hosts to a browser.
    is_ours = said.startswith("/") and said[1:2] not in {"/", "\\"} and not parts.netloc and not parts.scheme
    return said if is_ours and said.isprintable() and not said.startswith("/login") else "/"


def _is_needed() -> bool:
    return api().base.settings.auth == "keys"
