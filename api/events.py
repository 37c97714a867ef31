"""The events of a job over HTTP: as a list, and as a stream of server-sent events."""

import time
from collections.abc import Iterator
from typing import Annotated

import orjson
from flask import Blueprint, Response, request
from pydantic import BaseModel, Field

from api import answers
from api.described import described
from api.parts import OWNER, api, as_json, watcher
from api.requests import accepts, query
from api.waiting import Watcher
from services.jobs.views import EventView
from services.wiring.api import Api

bp = Blueprint("events", __name__, url_prefix="/api/v1/jobs/<job_id>")

JSON, STREAM = "application/json", "text/event-stream"
PAGE = 100
KEEP_ALIVE_S = 10.0  #: a proxy takes a silent connection for a dead one
RETRY_MS = 2_000  #: when a client connects again


class EventsQuery(BaseModel):
    """Which events."""

    model_config = {"extra": "forbid"}

    after: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Leave out the event of this number and those before."""
    limit: Annotated[int, Field(ge=1, le=1_000)] = PAGE


@bp.get("/events")
@described(
    query=EventsQuery,
    answer=answers.List[answers.Event],
    status=(200, 204),
    media=(JSON, STREAM),
    headers={"Last-Event-ID": "Begin the stream after the event of this number."},
)
def events(job_id: str) -> Response:
    """Read a job's events, or follow them as a stream; 204: the stream's last event was heard."""
    asked = query(EventsQuery)
    job = api().base.reading.get(OWNER, job_id)
    if accepts(JSON, STREAM) == STREAM:
        said = request.headers.get("Last-Event-ID", "")
        after = int(said) if said.isdecimal() and len(said) < 10 else asked.after
        if job.done and after >= job.events_seq:
            return Response(status=204)
        response = Response(_stream(api(), watcher(), job.id, after), content_type=STREAM)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        return response
    found = api().base.reading.events(OWNER, job.id, after=asked.after, limit=asked.limit + 1)
    shown = found[: asked.limit]
    more = len(found) > asked.limit
    address = f"{request.path}?after={shown[-1].seq}&limit={asked.limit}" if more else None
    data = [answers.Event(**vars(event)) for event in shown]
    return as_json(
        answers.List[answers.Event](url=request.full_path.rstrip("?"), data=data, has_more=more, next=address)
    )


def _stream(joined: Api, waiting: Watcher, job_id: str, after: int) -> Iterator[bytes]:
    """Yield events as they come, for at most `stream_s`; a client that finds no place to wait gets what is there."""
    deadline = time.monotonic() + joined.base.settings.stream_s
    yield f"retry: {RETRY_MS}\n\n".encode()
    with waiting.place() as may_wait:
        while True:
            found = joined.base.reading.events(OWNER, job_id, after=after, limit=PAGE)
            for event in found:
                yield _message(event)
                after = event.seq
                if event.type == "end":
                    return
            if len(found) == PAGE:
                continue
            left = deadline - time.monotonic()
            if left <= 0 or not may_wait:
                return
            if not waiting.wait(job_id, after, min(left, KEEP_ALIVE_S)):
                yield b": keep-alive\n\n"


def _message(event: EventView) -> bytes:
    body = orjson.dumps(answers.Event(**vars(event)).model_dump(mode="json"))
    return f"id: {event.seq}\nevent: {event.type}\ndata: ".encode() + body + b"\n\n"
