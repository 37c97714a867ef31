"""What waits and why, what runs, and who works."""

import math

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from api.pages import notices
from api.pages.blueprint import bp, page
from api.parts import api, caller
from services.errors import Fault, InvalidRequest


@bp.get("/queue")
def queue() -> Response:
    """Show each device's queue in the order in which its jobs start."""
    base = api().base
    queues = base.outlook.queues(caller())
    names = {job.id: job.name for view in queues for job in view.jobs}
    workers = base.workers.listing(caller())
    return page(
        "queue.html",
        queues=queues,
        paused_at=base.pauses.began_at(),
        workers=workers,
        names=names,
        marks={"jobs": ""},
        isfinite=math.isfinite,
    )


@bp.post("/queue/pause")
def pause_queue() -> Redirect:
    """Start nothing more that waits."""
    api().pause_queue(paused=True)
    return redirect(url_for("pages.queue"), 303)


@bp.post("/queue/resume")
def resume_queue() -> Redirect:
    """Let waiting jobs start again."""
    api().pause_queue(paused=False)
    return notices.go(url_for("pages.queue"), "The queue is resumed.")


@bp.post("/queue/<job_id>/priority")
def priority(job_id: str) -> Redirect:
    """Let a job go before others, or after them."""
    text = request.form.get("priority", "")
    if not text.lstrip("-").isdecimal() or not -10 <= int(text) <= 10:
        raise InvalidRequest([Fault("#/priority", "out_of_range", f"is {text[:20]!r}; must be -10 to 10")])
    api().base.commands.change(caller(), job_id, {"priority": int(text)})
    return redirect(url_for("pages.queue"), 303)


@bp.post("/queue/workers/<worker_id>/drain")
def drain(worker_id: str) -> Redirect:
    """Let a worker finish what it runs and take nothing more."""
    api().drain(worker_id, drained=True)
    return notices.go(url_for("pages.queue"), f"{worker_id} takes no more jobs.")


@bp.post("/queue/workers/<worker_id>/undrain")
def undrain(worker_id: str) -> Redirect:
    """Let a drained worker take jobs again."""
    api().drain(worker_id, drained=False)
    return notices.go(url_for("pages.queue"), f"{worker_id} takes jobs again.")
