"""One stream for all pages of a browser: it says which jobs moved, and whether the list did."""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Annotated

import orjson
from flask import Response, current_app
from pydantic import BaseModel, Field

from api.listener import Listener
from api.pages.blueprint import bp
from api.parts import api, grant, watcher
from api.requests import query
from api.watcher import Watcher
from services.accounts.key_views import Grant
from services.accounts.shares import Kind
from services.errors import Fault, InvalidRequest
from services.jobs.changes import JobChanges
from services.wiring.base import Base

JOBS = "jobs"  #: the topic of the list of jobs; the others are ids of jobs
MOST = 100
MOST_OWNERS = 1_000  #: whose marks are kept
LOOK_S = 1.0  #: between two looks at the list
BEAT_S = 5.0  #: a page that hears nothing for longer takes the server for gone
RETRY_MS = 1_000


class LiveQuery(BaseModel):
    """What to hear of."""

    model_config = {"extra": "forbid"}

    topics: Annotated[str, Field(max_length=4_000)] = JOBS
    """`jobs` for the list, and ids of jobs, separated by commas."""


class ListMark:
    """The marks of owners' lists, each read once a second however many streams want it."""

    def __init__(self, changes: JobChanges) -> None:
        self.changes = changes
        self.lock = threading.Lock()
        self.marks: OrderedDict[str, tuple[str, float]] = OrderedDict()  #: by owner, and when it was read

    def read(self, owner: str) -> str:
        """Return the mark of an owner's list, at most a second old."""
        with self.lock:
            mark, read_at = self.marks.get(owner, ("", 0.0))
            if time.monotonic() - read_at >= LOOK_S * 0.9:
                mark = self.changes.mark(owner)
                self.marks[owner] = (mark, time.monotonic())
                self.marks.move_to_end(owner)
                if len(self.marks) > MOST_OWNERS:
                    self.marks.popitem(last=False)
            return mark


@bp.get("/live")
def live() -> Response:
    """Stream the marks of topics: all of them at the start, then again whenever one is another."""
    topics = list(dict.fromkeys(word for word in query(LiveQuery).topics.split(",") if word))
    if len(topics) > MOST:
        raise InvalidRequest([Fault("#/query/topics", "too_long", f"has {len(topics)} topics; at most {MOST}")])
    watcher().take()
    mark: ListMark = current_app.extensions["batchyard.list_mark"]
    listener = Listener(grant(), api().keys, api().base.settings.stream_s)
    response = Response(_stream(api().base, mark, watcher(), topics, listener), content_type="text/event-stream")
    response.call_on_close(watcher().give_back)
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def marks_of(base: Base, mark: ListMark, asks: Grant, topics: list[str]) -> dict[str, str]:
    """Return the marks of topics; that of a job is the number of its last event, or `gone`.

    Of another owner's job it says as much while it is shared with the one who asks, which is looked up each time.
    """
    jobs = [topic for topic in topics if topic != JOBS]
    seqs = base.lookup.seqs_of(asks.owner, jobs) if jobs else {}
    if asks.key_id and (others := [job for job in jobs if job not in seqs]):
        for lender, lent in base.shares.lenders(asks.owner, Kind.JOB, others).items():
            seqs |= base.lookup.seqs_of(lender, lent)
    listed = {JOBS: mark.read(asks.owner)} if JOBS in topics else {}
    return listed | {job: str(seqs.get(job, "gone")) for job in jobs}


def _stream(base: Base, mark: ListMark, waiting: Watcher, topics: list[str], listener: Listener) -> Iterator[bytes]:
    known: dict[str, str] = {}
    said_at = 0.0
    yield f"retry: {RETRY_MS}\n\n".encode()
    while listener.may_hear and not waiting.closed and (left := listener.left_s) > 0:
        marks = marks_of(base, mark, listener.grant, topics)
        if marks != known:
            yield b"data: " + orjson.dumps(marks) + b"\n\n"
            known, said_at = marks, time.monotonic()
        elif time.monotonic() - said_at >= BEAT_S:
            yield b"event: beat\ndata: {}\n\n"
            said_at = time.monotonic()
        seqs = {job: int(seq) for job, seq in marks.items() if job != JOBS and seq != "gone"}
        pause = min(left, LOOK_S if JOBS in topics else BEAT_S)
        waiting.wait_any(seqs, pause)
