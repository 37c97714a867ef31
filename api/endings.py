"""Waiting for the end of a job, or for news of it, inside one request."""

import time
from contextlib import suppress

from flask import Response

from api.parts import api, caller, watcher
from api.requests import preferred_wait
from services.errors import Overloaded
from services.jobs.job_views import JobView

WAIT = {"Prefer": "`wait=N`: answer when something has changed, or after N seconds."}
WAIT_FOR_END = {"Prefer": "`wait=N`: answer when the job has finished, or after N seconds."}


def longest_wait_s() -> float:
    """Return how long a request may wait: as `Prefer` says, else as long as anybody may."""
    most = api().base.settings.max_wait_s
    wait_s = preferred_wait(most)
    return most if wait_s is None else wait_s


def when_done(job: JobView, wait_s: float) -> JobView:
    """Return a job when it is done, or as it is after `wait_s` seconds.

    Raises: Overloaded when all places to wait in are taken; NotFound when it is deleted meanwhile.
    """
    if job.done:
        return job
    deadline, shown = time.monotonic() + wait_s, job
    with watcher().place():
        while not (shown.done or watcher().closed) and (left := deadline - time.monotonic()) > 0:
            watcher().wait(shown.id, shown.events_seq, left)
            shown = api().base.jobs.lookup.get(caller(), shown.id)
    return shown.resumed(job.training.resume_from)


def when_done_if_preferred(job: JobView) -> tuple[JobView, float | None]:
    """Wait for a job that this request has set going, if it is preferred and there is a place.

    Without a place it is not waited: what was asked for is done, and that is said at once.
    Return the job, and for how long was waited at most.
    """
    wait_s = preferred_wait(api().base.settings.max_wait_s)
    if wait_s is not None and not job.done:
        with suppress(Overloaded):
            return when_done(job, wait_s), wait_s
    return job if job.queue else api().base.jobs.lookup.in_queue(caller(), job), None


def is_news(job_id: str, known: int, wait_s: float) -> bool:
    """Wait until a job has an event after the known one; return False when the time was over first.

    Raises: Overloaded.
    """
    with watcher().place():
        return watcher().wait(job_id, known, wait_s)


def applied(response: Response, wait_s: float | None) -> Response:
    """Say in an answer that its `Prefer: wait` was heeded."""
    if wait_s is not None:
        response.headers["Preference-Applied"] = f"wait={wait_s:g}"
    return response
