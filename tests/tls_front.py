"""TLS in front of a server that speaks none, as stunnel puts it there."""

import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path


class TlsFront:
    """Listens with a certificate until closed, and passes on to a Unix socket."""

    def __init__(self, address: tuple[str, int], target: Path, certificate: Path, key: Path) -> None:
        self.target = target
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.listener = socket.create_server(address)
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self.listener.close()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self.listener.accept()[0],), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        unix = socket.socket(socket.AF_UNIX)
        # Who speaks no TLS is not heard.
        with suppress(OSError), unix as server, self.context.wrap_socket(raw, server_side=True) as client:
            server.connect(str(self.target))
            threading.Thread(target=_pump, args=(server, client), daemon=True).start()
            _pump(client, server)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError, ValueError):
        while data := source.recv(65_536):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            socket.socket.shutdown(end, socket.SHUT_RDWR)
