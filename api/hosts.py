"""Where a request may come from: hosts that this server answers to, and no pages of other sites."""

import ipaddress
from urllib.parse import urlsplit

from flask import Flask, request

from services.errors import ForbiddenHost, ForbiddenOrigin
from services.settings import Settings

SAFE = {"GET", "HEAD", "OPTIONS"}  #: methods that change nothing


def register(app: Flask, settings: Settings) -> None:
    """Check the Host and Origin of every request.

    Raises: SettingInvalid when the API would be open to a network without keys.
    """
    settings.check_doors()
    allowed = allowed_names(settings)

    # A target may name a host itself: `GET http://name/path`. The server hands on its path alone, and its name only as
    # the Host of a request that has none; so the Host is all that can be looked at here, and all that answers follow.
    @app.before_request
    def check() -> None:
        name = name_of(request.host)
        # Whoever points a name of theirs at this server has a name in Host; an address can't be pointed elsewhere.
        if name not in allowed and not (settings.auth == "keys" and _is_address(name)):
            hint = "set BATCHYARD_ALLOWED_HOSTS"
            raise ForbiddenHost(f"This server does not answer to {name[:100]!r}.", host=name[:100], hint=hint)
        origin = request.headers.get("Origin")
        if origin and urlsplit(origin).netloc.lower() != request.host.lower():
            raise ForbiddenOrigin(f"A page of {origin[:100]!r} may not call this server.")
        # A form of another site sends no Origin in some browsers, but all say this of it. Reading it is harmless.
        if request.method not in SAFE and request.headers.get("Sec-Fetch-Site", "").strip().lower() == "cross-site":
            raise ForbiddenOrigin("A page of another site may not change anything here.")


def allowed_names(settings: Settings) -> set[str]:
    """Return the host names that requests may ask for."""
    return {name.strip().lower() for name in settings.allowed_hosts.split(",")}


def name_of(host: str) -> str:
    """Return a Host header's name without the port, which a proxy or a published port may change."""
    name, bracket, rest = host.lower().partition("]")
    if bracket:
        return name + bracket if rest == "" or rest.startswith(":") else host.lower()
    return name.rsplit(":", 1)[0]


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
