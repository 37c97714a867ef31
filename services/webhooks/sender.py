"""Sends one request to a webhook: to an address that was checked, within a time, and without following anybody."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from services.settings import Network
from services.webhooks import addresses

TIMEOUT_S = 10.0
PORTS = {"http": 80, "https": 443}
#: What went wrong, the narrower kind first.
WORDS: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError, "its certificate is not valid for this name, or nobody here trusts its issuer"),
    (ssl.SSLError, "TLS can't be agreed on with it"),
    (ConnectionRefusedError, "nothing listens at this address"),
    (ConnectionError, "it broke off the connection"),
    (http.client.HTTPException, "it answered with something that is not HTTP"),
    (ValueError, "the address can't be requested over HTTP"),
)


@dataclass(frozen=True)
class Outcome:
    """How it went: the status of the answer, or a sentence why there is none."""

    status: int | None
    error: str | None

    @property
    def taken(self) -> bool:
        """Whether the receiver said that it has it."""
        return self.status is not None and 200 <= self.status < 300


def post(
    url: str, body: bytes, headers: Mapping[str, str], allowed: Sequence[Network], timeout_s: float = TIMEOUT_S
) -> Outcome:
    """Send a body and return how it went. Never raises for what the other side does."""
    parts = urlsplit(url)
    host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
    deadline = time.monotonic() + timeout_s
    try:
        # The name is looked up once: what was checked is what is connected to.
        found = addresses.checked(host, port, allowed)
        connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        connection.sock = _connected(found, port, deadline)
    except (addresses.Refused, addresses.Unknown) as error:
        return Outcome(None, str(error))
    except OSError as error:
        return Outcome(None, _words(error, timeout_s))
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection.sock = context.wrap_socket(connection.sock, server_hostname=host, do_handshake_on_connect=False)
        connection.default_port = PORTS["https"]  # what the Host header leaves out
    # A timeout of the socket begins anew with each byte; this one ends what drips.
    alarm = threading.Timer(max(0.0, deadline - time.monotonic()), _end, [connection.sock])
    alarm.daemon = True
    alarm.start()
    try:
        if isinstance(connection.sock, ssl.SSLSocket):
            connection.sock.do_handshake()
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, {"content-type": "application/json", **headers})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        late = time.monotonic() >= deadline
        return Outcome(None, _words(TimeoutError() if late else error, timeout_s))
    finally:
        alarm.cancel()
        connection.close()
    return Outcome(status, None if 200 <= status < 300 else _why(status))


def _connected(names: list[str], port: int, deadline: float) -> socket.socket:
    error: OSError = TimeoutError()
    for name in names:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        try:
            return socket.create_connection((name, port), timeout=left)
        except OSError as found:
            error = found
    raise error


def _end(sock: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # that of TLS would forget its state under the reader


def _words(error: Exception, timeout_s: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {timeout_s:.0f} s"
    return next((words for kind, words in WORDS if isinstance(error, kind)), "it can't be reached")


def _why(status: int) -> str:
    if 300 <= status < 400:
        return f"answered {status}; redirects are not followed; use the address it leads to"
    return f"answered {status}"
