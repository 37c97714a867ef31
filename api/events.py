"""The events of a job over HTTP: as a list, and as a stream of server-sent events."""

from collections.abc import Iterator
from typing import Annotated, Literal

from flask import Blueprint, Response, request
from pydantic import BaseModel, Field

from api import schemas
from api.endings import WAIT, applied, is_news, longest_wait_s, when_done
from api.feed import PAGE, Feed
from api.listener import Listener
from api.parts import api, as_json, caller, feed, grant, watcher
from api.requests import accepts, preferred_wait, query
from api.view_descriptions import described
from api.watcher import Watcher
from services.jobs.job_views import JobView

bp = Blueprint("events", __name__, url_prefix="/api/v1/jobs/<job_id>")

JSON, STREAM = "application/json", "text/event-stream"
KEEP_ALIVE_S = 10.0  #: a proxy takes a silent connection for a dead one
RETRY_MS = 2_000  #: when a client connects again


class EventsQuery(BaseModel):
    """Which events."""

    model_config = {"extra": "forbid"}

    after: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Only events after the one with this number."""
    limit: Annotated[int, Field(ge=1, le=1_000)] = PAGE
    until: Literal["done"] | None = None
    """Answer when the job has finished; a stream ends by itself then."""


@bp.get("/events")
@described(
    query=EventsQuery,
    answer=schemas.List[schemas.Event],
    status=(200, 204),
    media=(JSON, STREAM),
    headers={**WAIT, "Last-Event-ID": "Start the stream after the event with this number."},
)
def events(job_id: str) -> Response:
    """Read a job's events, or follow them as a stream. 204: there are no more events.

    A list comes at once; with `Prefer: wait=N`, when it has an event; with `until=done`, when the job has finished.
    """
    asked = query(EventsQuery)
    job = api().base.jobs.lookup.get(caller(), job_id)
    if accepts(JSON, STREAM) == STREAM:
        said = request.headers.get("Last-Event-ID", "")
        after = int(said) if said.isdecimal() and len(said) < 10 else asked.after
        if job.done and after >= job.events_seq:
            return Response(status=204)
        # The place is taken before the answer begins: a stream without one is refused, not ended to come back at once.
        watcher().take()
        stream = _stream(Listener(grant(), api().keys, api().base.settings.stream_s), feed(), watcher(), job.id, after)
        response = Response(stream, content_type=STREAM)
        response.call_on_close(watcher().give_back)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        return response
    waited_s = _awaited(job, asked)
    found = api().base.jobs.lookup.events(caller(), job.id, after=asked.after, limit=asked.limit + 1)
    shown = found[: asked.limit]
    more = len(found) > asked.limit
    address = f"{request.path}?after={shown[-1].seq}&limit={asked.limit}" if more else None
    data = [schemas.Event(**vars(event)) for event in shown]
    page = schemas.List[schemas.Event](url=request.full_path.rstrip("?"), data=data, has_more=more, next=address)
    return applied(as_json(page), waited_s)


def _awaited(job: JobView, asked: EventsQuery) -> float | None:
    """Wait as it is preferred, for the job's end or for an event; return for how long at most."""
    if job.done:
        return None
    if asked.until:
        wait_s = longest_wait_s()
        when_done(job, wait_s)
        return wait_s
    preferred = preferred_wait(api().base.settings.max_wait_s)
    if preferred is not None and job.events_seq <= asked.after:
        is_news(job.id, asked.after, preferred)
    return preferred


def _stream(listener: Listener, feed: Feed, waiting: Watcher, job_id: str, after: int) -> Iterator[bytes]:
    """Yield events as they come, while the listener may hear; without a database connection while nothing does."""
    yield f"retry: {RETRY_MS}\n\n".encode()
    while True:
        page = feed.after(listener.owner, job_id, after)
        if not listener.may_hear:
            return
        if page:
            yield page.messages
            after = page.last_seq
            if page.ended:
                return
        left = listener.left_s
        if left <= 0 or waiting.closed:
            return
        if not (page and page.is_full) and not waiting.wait(job_id, after, min(left, KEEP_ALIVE_S)):
            yield b": keep-alive\n\n"
