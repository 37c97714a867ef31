"""How a page is rendered, and what a browser may do with it."""

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, g, render_template, request, url_for
from markupsafe import Markup

from api import lending
from api.pages import formats, notices, tokens

bp = Blueprint("pages", __name__, template_folder="templates", static_folder="static", static_url_path="/static")

STATIC = Path(__file__).parent / "static"
#: Scripts and styles are files of ours: nothing inline, nothing from elsewhere.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    # A form that says nothing of where it comes from would be refused as one of another origin.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cache-Control": "no-store",
}

for name, function in formats.FILTERS.items():
    bp.add_app_template_filter(function, name)


def page(template: str, status: int = 200, **shown: Any) -> Response:
    """Return a rendered page. All values are escaped by Jinja."""
    text = render_template(template, notice=notices.current(), **shown)
    response = Response(text, status, content_type="text/html; charset=utf-8")
    response.headers.update(HEADERS)
    tokens.give(response)
    notices.forget(response)
    return response


def wants_page() -> bool:
    """Return whether the client asks for a page rather than for data; what says nothing gets data."""
    return request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"


@bp.app_context_processor
def _known_to_all() -> dict[str, Any]:
    return {
        "asset": _asset,
        "form_token": tokens.current,
        "version": version("batchyard"),
        "server": request.host_url.rstrip("/"),
        # Who is logged in; nobody while there are no keys, and none before it is known.
        "owner": lending.asker() if (found := g.get("grant")) and found.key_id else "",
        "lender": lending.lender(),
        "is_closed": "grant" not in g,
        "off": _off,
        "scopes": sorted(g.grant.scopes) if "grant" in g else [],
        "section": request.endpoint.rpartition(".")[2] if request.endpoint else "",
    }


@bp.after_request
def _keep_static(response: Response) -> Response:
    if request.endpoint == "pages.static":
        # A worker is bound by the policy of its own script, not by that of the page that starts it.
        response.headers["Content-Security-Policy"] = HEADERS["Content-Security-Policy"]
        if request.args.get("v"):
            # The address changes with the content, so what has it never has to be asked for again.
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


def _off(scope: str = "submit") -> Markup:
    """Return what switches a button off that would only be refused: the key has no such scope."""
    return Markup("") if "grant" not in g or scope in g.grant.scopes else Markup(" disabled")


def _asset(name: str) -> str:
    return url_for("pages.static", filename=name, v=_digest(name))


@cache
def _digest(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
