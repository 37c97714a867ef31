"""A small TCP proxy before a server's socket: it passes on, refuses, freezes, or loses the answer to a COMMIT."""

import contextlib
import socket
import threading
import time
from pathlib import Path


class Proxy:
    """Listens on a free port of the loopback until closed. `mode` is pass, refuse or freeze."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.mode = "pass"
        self.cuts_left = 0  #: so many COMMITs reach the server, and nobody hears the answer
        self.cuts = 0
        self.open: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def cut_all(self) -> None:
        """Close every connection."""
        for end in list(self.open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def refuse(self) -> None:
        """Close every connection and take no new ones."""
        self.mode = "refuse"
        self.cut_all()

    def close(self) -> None:
        """End."""
        self.mode = "refuse"
        self.listener.close()
        self.cut_all()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                if self.mode == "refuse":
                    raise ConnectionRefusedError
                server.connect(str(self.target))
            except OSError:
                client.close()
                server.close()
                continue
            self.open |= {client, server}
            for source, sink, asks in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pump, args=(source, sink, asks), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, asks: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                while self.mode == "freeze":
                    time.sleep(0.05)
                if asks and self.cuts_left and b"COMMIT" in data:
                    self.cuts_left -= 1
                    self.cuts += 1
                    # The way back is closed first, so that the commit happens and its answer is lost.
                    source.shutdown(socket.SHUT_RDWR)
                    sink.sendall(data)
                    time.sleep(0.2)
                    break
                sink.sendall(data)
        for end in (source, sink):
            self.open.discard(end)
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
