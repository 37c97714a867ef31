"""What waits and why, what runs, and who works."""

import math

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as Redirect

from api.pages.blueprint import bp, page
from api.parts import OWNER, api
from services.errors import Fault, InvalidRequest


@bp.get("/queue")
def queue() -> Response:
    """Show each device's queue in the order in which its jobs start."""
    base = api().base
    queues = base.outlook.queues(OWNER)
    names = {job.id: job.name for view in queues for job in view.jobs}
    workers = base.workers.listing(OWNER)
    return page("queue.html", queues=queues, workers=workers, names=names, marks={"jobs": ""}, isfinite=math.isfinite)


@bp.post("/queue/<job_id>/priority")
def priority(job_id: str) -> Redirect:
    """Let a job go before others, or after them."""
    text = request.form.get("priority", "")
    if not text.lstrip("-").isdecimal() or not -10 <= int(text) <= 10:
        raise InvalidRequest([Fault("#/priority", "out_of_range", f"is {text[:20]!r}; must be -10 to 10")])
    api().base.commands.change(OWNER, job_id, {"priority": int(text)})
    return redirect(url_for("pages.queue"), 303)
