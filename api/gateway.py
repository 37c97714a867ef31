"""Between the server and Flask: takes in bodies on the event loop, answers in threads, and waits for no slow client."""

import asyncio
import io
import sys
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, Any
from wsgiref.util import FileWrapper

import structlog
from flask import Flask
from werkzeug.exceptions import HTTPException, RequestHeaderFieldsTooLarge

from api.bodies import BUFFERED_BYTES, WHOLE, Body, BodyInput, Receive
from api.permits import Permits, aside
from api.quick_predictions import Asked, QuickPredictions
from api.shutdown import Shutdown
from api.threads import Threads
from services.errors import BadRequest, BatchyardError, Overloaded, SlowBody
from services.settings import Settings

log = structlog.get_logger()

Scope = dict[str, Any]
Message = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
REFUSAL = "batchyard.refusal"  #: in the environ: the error with which a request is answered that was not taken in
WHOLE_BYTES = 1 << 22  #: a body of so many bytes is taken in whole, as long as all of them together
ROOM_BYTES = 1 << 26  #: are no more than this
HEADERS_BYTES = 1 << 15  #: of all headers of a request; the server itself takes ten times as much
FILE_BLOCK_BYTES = 1 << 18
BODY = "http.response.body"
AHEAD = 4  #: messages that are made before the first of them is sent
JOINED_BYTES = 1 << 20  #: an answer of known length up to this is sent in one piece


class Gateway:
    """The application as the server sees it (ASGI); Flask's is called in a thread, once small bodies are complete."""

    def __init__(self, flask: Flask, settings: Settings, quick: QuickPredictions | None = None) -> None:
        self.flask = flask
        self.quick = quick
        self.settings = settings
        self.shutdown: Shutdown = flask.extensions["batchyard.shutdown"]
        self.body_places = settings.body_places
        self.room = ROOM_BYTES
        self.threads = Threads(settings.api_threads + settings.body_places)
        self.turns = Permits(settings.api_threads)
        # Of their own: hundreds that come or wake together would else be before every other in the queue.
        self.threads_of_waiting = Threads(settings.api_threads + settings.wait_places)
        self.turns_of_waiting = Permits(max(1, settings.api_threads // 8))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hear of this process's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        if scope["type"] != "http":
            return
        headers = _headers(scope)
        if sum(map(len, headers.values())) > HEADERS_BYTES:
            environ = _environ(scope, headers)
            _refuse(environ, RequestHeaderFieldsTooLarge())
            await self._answer(environ, receive, send)
        elif headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
            environ = _environ(scope, headers)
            environ["wsgi.input"] = io.BytesIO()
            await self._answer(environ, receive, send)
        else:
            asked = self.quick.wants(scope, headers) if self.quick and not self.shutdown.begun else None
            await self._answer_body(scope, headers, Body(receive, self.settings), send, asked)

    async def _live(self, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] != "lifespan.shutdown":
            if message["type"] == "lifespan.startup":
                self.shutdown.listen()
                await send({"type": "lifespan.startup.complete"})
        # After the last answer: what is still to be written, such as the audit log, is.
        await asyncio.to_thread(self.flask.extensions["batchyard"].close)
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer_body(
        self, scope: Scope, headers: dict[str, str], body: Body, send: Send, asked: Asked | None
    ) -> None:
        if not self.body_places:
            environ = _environ(scope, headers)
            limit = self.settings.body_places
            _refuse(environ, Overloaded("Too many request bodies are being received at the moment.", limit=limit))
            await self._answer(environ, body.receive, send, body)
            await body.drain()
            return
        with self._place(headers) as whole:
            refused = await _filled(body, max(whole + 1, BUFFERED_BYTES))
            answered = self.quick.answer(asked, bytes(body.held)) if self.quick and asked and body.ended else None
            if answered is None:
                environ = _environ(scope, headers)
                _give_body(environ, body, refused)
                await self._answer(environ, body.receive, send, body)
        if answered is None:
            await body.drain()
            return
        await send({"type": "http.response.start", "status": 200, "headers": answered[0]})
        await send({"type": BODY, "body": answered[1]})

    @contextmanager
    def _place(self, headers: dict[str, str]) -> Iterator[int]:
        """Hold a place for a body, and memory for one that is taken in whole: yield its length, 0 of any other."""
        said = headers.get("content-length", "")
        length = int(said) if said.isdecimal() and len(said) < 10 else 0
        whole = length if length <= min(WHOLE_BYTES, self.settings.max_json_bytes, self.room) else 0
        self.body_places -= 1
        self.room -= whole
        try:
            yield whole
        finally:
            self.body_places += 1
            self.room += whole

    async def _answer(self, environ: dict[str, Any], receive: Receive, send: Send, body: Body | None = None) -> None:
        threads, turns = self.threads, self.turns
        if _may_wait(environ):
            threads, turns = self.threads_of_waiting, self.turns_of_waiting
        answer = Answer(self.flask, environ, body, turns, self.settings.send_timeout_s)
        threads.run(answer.run)
        await answer.send_all(receive, send)


class Answer:
    """The answer to one request: a thread makes its messages, the event loop sends them."""

    def __init__(
        self, flask: Flask, environ: dict[str, Any], body: Body | None, turns: Permits, send_timeout_s: float
    ) -> None:
        self.flask = flask
        self.environ = environ
        self.body = body
        self.turns = turns
        self.send_timeout_s = send_timeout_s
        self.loop = asyncio.get_running_loop()
        self.made: deque[Message | None] = deque()  #: to be sent; None is the end
        self.news = asyncio.Event()
        self.room = threading.Semaphore(AHEAD)
        self.gone = False  #: nobody reads any more
        self.status, self.headers = 0, list[tuple[str, str]]()

    def run(self) -> None:
        """Let Flask answer. In a thread."""
        try:
            with self.turns.taken():
                self._run()
        except ConnectionError:
            pass
        except Exception:
            log.exception("an answer was cut off", path=self.environ["PATH_INFO"])
        finally:
            self._give(None)

    async def send_all(self, receive: Receive, send: Send) -> None:
        """Send the messages as they are made, until the end or until the client reads nothing for long."""
        watch = None
        try:
            while True:
                await self.news.wait()
                self.news.clear()
                while self.made:
                    message = self.made.popleft()
                    if message is None or self.gone:
                        return
                    if watch is None and message.get("more_body") and not (self.body and not self.body.ended):
                        watch = asyncio.create_task(self._notice_end(receive))
                    async with asyncio.timeout(self.send_timeout_s):
                        await send(message)
                    self.room.release()
        except TimeoutError:
            log.info("a client stopped reading", path=self.environ["PATH_INFO"])
        finally:
            self.gone = True
            if watch:
                watch.cancel()

    def _run(self) -> None:
        pieces = self.flask(self.environ, self._start_response)
        try:
            length = next((int(value) for name, value in self.headers if name.lower() == "content-length"), None)
            empty = self.environ["REQUEST_METHOD"] == "HEAD" or self.status in {204, 304}
            if empty or (length is not None and length <= JOINED_BYTES):
                self.made += [self._start(), {"type": BODY, "body": b"" if empty else b"".join(pieces)}]
                return
            self._give_in_turn(self._start())
            for piece in pieces:
                self._give_in_turn({"type": BODY, "body": piece, "more_body": True})
            self._give_in_turn({"type": BODY, "body": b""})
        finally:
            if close := getattr(pieces, "close", None):
                close()

    def _give_in_turn(self, message: Message) -> None:
        if not self.room.acquire(blocking=False):
            with aside():
                self.gone = not self.room.acquire(timeout=2 * self.send_timeout_s) or self.gone
        if self.gone:
            raise ConnectionError("the client is gone or has stopped reading")
        self._give(message)

    def _give(self, message: Message | None) -> None:
        self.made.append(message)
        with suppress(RuntimeError):  # the loop is closed: the process ends
            self.loop.call_soon_threadsafe(self.news.set)

    async def _notice_end(self, receive: Receive) -> None:
        # The server does not say so when something is sent to a client that is gone.
        while (await receive())["type"] == "http.request":
            pass
        self.gone = True
        self.room.release()

    def _start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[..., Any]:
        self.status, self.headers = int(status[:3]), headers
        return lambda data: None

    def _start(self) -> Message:
        sent = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers]
        if self.body and not self.body.ended:
            sent.append((b"connection", b"close"))  # its rest is not read
        return {"type": "http.response.start", "status": self.status, "headers": sent}


def _headers(scope: Scope) -> dict[str, str]:
    """Return the headers by name; what stands there several times is one list.

    Two Host headers so make a name that is not allowed. Source: RFC 9110, section 5.3.
    """
    found: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        found[name] = f"{found[name]}{'; ' if name == 'cookie' else ','}{value}" if name in found else value
    return found


def _environ(scope: Scope, headers: dict[str, str]) -> dict[str, Any]:
    """Return what WSGI (PEP 3333) says of a request, without its body."""
    host, port = scope.get("server") or ("", 80)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": _blocks,
    }
    for name, value in headers.items():
        key = name.replace("-", "_").upper()
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    return environ


def _may_wait(environ: dict[str, Any]) -> bool:
    return "HTTP_PREFER" in environ or "event-stream" in environ.get("HTTP_ACCEPT", "")


def _blocks(file: IO[bytes], _size: int = 0) -> FileWrapper:
    return FileWrapper(file, FILE_BLOCK_BYTES)


async def _filled(body: Body, size: int) -> BatchyardError | None:
    """Receive so much of a body, or all of it; return why it is refused."""
    try:
        await body.fill(size)
    except (SlowBody, BadRequest) as error:
        return error
    return None


def _give_body(environ: dict[str, Any], body: Body, refused: BatchyardError | None) -> None:
    """Let a thread read a body: what there is of it, or, where more is to come, that as well."""
    if refused:
        _refuse(environ, refused)
    elif body.ended:
        environ[WHOLE] = bytes(body.held)
        environ["wsgi.input"] = io.BytesIO(environ[WHOLE])
    else:
        reader = BodyInput(body, asyncio.get_running_loop())
        environ["wsgi.input"] = io.BufferedReader(reader, FILE_BLOCK_BYTES)


def _refuse(environ: dict[str, Any], error: BatchyardError | HTTPException) -> None:
    environ |= {REFUSAL: error, "wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0"}
    environ.pop("HTTP_TRANSFER_ENCODING", None)
