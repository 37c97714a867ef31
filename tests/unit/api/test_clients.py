"""Where a request comes from, as far as it can be believed."""

import ipaddress
from typing import Any

import pytest

from api.clients import Proxied

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))


@pytest.mark.parametrize(
    ("connected", "forwarded", "believed"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", " , ", "10.0.0.1"),
        ("10.0.0.1", "made up", "made up"),
        ("::1", "2001:db8::5", "2001:db8::5"),
        ("", "203.0.113.9", ""),
    ],
)
def test_only_what_a_trusted_proxy_wrote_is_believed(connected: str, forwarded: str | None, believed: str) -> None:
    environ: dict[str, Any] = {"REMOTE_ADDR": connected, "wsgi.url_scheme": "http", "HTTP_X_FORWARDED_PROTO": "https"}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    trusted = connected in {"10.0.0.1", "::1"}

    Proxied(lambda environ, start: [], PROXIES)(environ, None)

    assert environ["REMOTE_ADDR"] == believed
    assert environ["wsgi.url_scheme"] == ("https" if trusted else "http")
