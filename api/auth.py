"""The door: who asks, and whether that is allowed. Every request comes by here before its view."""

import re
from typing import NoReturn

from flask import Flask, Response, g, request

from api import clients, lending, permissions, problems
from api.parts import api, grant
from services.account_errors import InsufficientScope, TooManyWrongKeys, Unauthorized
from services.accounts.key_views import WITHOUT_KEYS, Grant
from services.accounts.scopes import ALL
from services.accounts.wrong_keys import WrongKeys
from services.errors import NotFound
from services.settings import Settings

COOKIE = "batchyard_session"
BEARER = re.compile(r"bearer +(\S+) *", re.IGNORECASE)
SAFE = {"GET", "HEAD"}
PAGES = "pages"
NEEDED = "Send a key: `Authorization: Bearer by_…`. `batchyard server keys create --owner NAME` makes one."


def register(app: Flask, settings: Settings) -> None:
    """Check every request, once it is known that it may come from where it does."""
    wrong_keys = WrongKeys(settings.wrong_keys_per_minute)
    app.extensions["batchyard.wrong_keys"] = wrong_keys

    @app.before_request
    def check() -> None:
        if settings.auth == "none":
            g.grant = WITHOUT_KEYS
            return
        needed = permissions.needed(request.endpoint)
        found = _shown(wrong_keys, quietly=needed == permissions.OPEN)
        if found is not None:
            g.grant = found
        if needed == permissions.OPEN:
            return
        if found is None:
            refuse()
        if request.endpoint is None:
            return  # answered with 404 or 405, but to no stranger
        if needed is None:
            raise NotFound(f"There is nothing at {request.path[:200]}.")
        if not found.scopes & needed:
            _lacks(found, needed)
        g.grant = lending.lent(found)

    @app.after_request
    def forget_what_was_revoked(response: Response) -> Response:
        # A long poll that outlived its key; a stream looks for itself.
        if settings.auth != "none" and "grant" in g and request.method in SAFE and not api().keys.is_open(grant()):
            return problems.answer(Unauthorized(NEEDED))
        return response


def bearer(header: str) -> str | None:
    """Return the token of an Authorization header; None if there is none."""
    found = BEARER.fullmatch(header.strip())
    return found[1] if found else None


def refuse() -> NoReturn:
    """Ask for a key.

    Raises: Unauthorized, the same for no key as for a wrong one.
    """
    raise Unauthorized(NEEDED)


def _shown(wrong_keys: WrongKeys, *, quietly: bool) -> Grant | None:
    """Return what the key or the session of this request allows.

    Raises: Unauthorized for a wrong key, TooManyWrongKeys; neither where no key is needed.
    """
    header = request.headers.get("Authorization")
    if header is not None:
        token = bearer(header)
        found = api().keys.check(token) if token else None
        if found is None and not quietly:
            wrong(wrong_keys)
        return found
    cookie = request.cookies.get(COOKIE)
    # A cookie comes with whatever a page makes a browser send: beyond the pages, whose forms carry a token of their
    # own, it opens nothing that could change something.
    if not cookie or not (request.method in SAFE or request.blueprint == PAGES):
        return None
    key_id = api().sessions.key_id(cookie)
    return api().keys.holder(key_id) if key_id else None


def wrong(wrong_keys: WrongKeys) -> NoReturn:
    """Refuse a wrong key.

    Raises: Unauthorized; TooManyWrongKeys.
    """
    wait_s = wrong_keys.wait_s(clients.address())
    if wait_s:
        detail = f"More than {wrong_keys.most} wrong keys came from your address in a minute; a valid one still opens."
        raise TooManyWrongKeys(detail, retry_after_seconds=round(wait_s))
    refuse()


def _lacks(found: Grant, needed: frozenset[str]) -> NoReturn:
    words = " or ".join(sorted(needed if needed != ALL else []))
    has = ", ".join(sorted(found.scopes))
    raise InsufficientScope(f"This needs a key with the scope {words}; yours has {has}.", needed=sorted(needed))
