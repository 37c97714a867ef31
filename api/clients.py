"""Where a request comes from: the address of the connection, or what a trusted proxy says of it."""

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask, request

from services.settings import Network, Settings

Wsgi = Callable[..., Iterable[bytes]]


class Proxied:
    """Puts what trusted proxies say into the request. What others say of themselves is not heard."""

    def __init__(self, app: Wsgi, proxies: tuple[Network, ...]) -> None:
        self.app = app
        self.proxies = proxies

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        if self._is_proxy(environ.get("REMOTE_ADDR", "")):
            # The nearest proxy wrote the last one; whatever stands before the first stranger may be made up.
            told = [word.strip() for word in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if word.strip()]
            while told:
                environ["REMOTE_ADDR"] = told.pop()
                if not self._is_proxy(environ["REMOTE_ADDR"]):
                    break
            scheme = environ.get("HTTP_X_FORWARDED_PROTO", "").rpartition(",")[2].strip().lower()
            if scheme in {"http", "https"}:
                environ["wsgi.url_scheme"] = scheme
        return self.app(environ, start_response)

    def _is_proxy(self, address: str) -> bool:
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(known in network for network in self.proxies)


def register(app: Flask, settings: Settings) -> None:
    """Hear the proxies that the operator trusts."""
    if settings.proxy_networks:
        app.wsgi_app = Proxied(app.wsgi_app, settings.proxy_networks)  # type: ignore[method-assign]


def address() -> str:
    """Return the address that this request comes from."""
    return (request.remote_addr or "")[:64]
