"""A receiver of webhooks that fails as it is told, and remembers what it got."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came in: headers and body of each request, whatever was answered."""

    url: str
    answers: list[Any] = field(default_factory=list)  #: of the next requests, then 200: a status or what it does
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    pause_s: float = 0.0
    closed: threading.Event = field(default_factory=threading.Event)

    def told(self) -> list[tuple[str, str, int]]:
        """The webhook-id, job and number of each request."""
        bodies = [(headers["webhook-id"], json.loads(body)["data"]) for headers, body in self.got]
        return [(message_id, data["id"], data["event"]["seq"]) for message_id, data in bodies]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Yield a receiver on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            answer = found.answers.pop(0) if found.answers else 200
            time.sleep(found.pause_s)
            if answer == "hang":
                found.closed.wait(30)
            elif answer == "drip":
                for letter in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1_000:
                    if found.closed.wait(0.05):
                        return
                    self.wfile.write(bytes([letter]))
            elif answer == "break":
                self.wfile.write(b"HTTP/1.1 20")
            else:
                self.send_response(answer)
                self.send_header("location", "/elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            pass  # the other side hung up

    with Server(("127.0.0.1", 0), Handler) as server:
        found = Receiver(f"http://127.0.0.1:{server.server_port}/hook?for=us")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield found
        found.closed.set()
        server.shutdown()
        thread.join()
