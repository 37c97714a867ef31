"""What a form on a job's page asks for: to pause, go on, cancel, try again, change or delete."""

from typing import Any

import orjson
from flask import request, url_for
from werkzeug.wrappers import Response

from api.job_commands import Change
from api.pages import notices
from api.pages.blueprint import bp
from api.parts import api, caller
from api.requests import traceparent
from services.errors import Fault, InvalidRequest
from services.jobs.retry import SpecChanges
from services.specs.parse.parser import read


@bp.post("/jobs/<job_id>/pause")
def pause(job_id: str) -> Response:
    """Pause a running job."""
    return _back(api().base.jobs.commands.pause(caller(), job_id).id)


@bp.post("/jobs/<job_id>/resume")
def resume(job_id: str) -> Response:
    """Queue a paused job again."""
    return _back(api().base.jobs.commands.resume(caller(), job_id).id)


@bp.post("/jobs/<job_id>/cancel")
def cancel(job_id: str) -> Response:
    """Cancel a job, with the reason that the form gives."""
    reason = request.form.get("reason", "").strip()[:1_000] or None
    return _back(api().base.jobs.commands.cancel(caller(), job_id, reason).id)


@bp.post("/jobs/<job_id>/delete")
def delete(job_id: str) -> Response:
    """Delete a finished job."""
    name = api().base.jobs.lookup.get(caller(), job_id).name
    api().base.jobs.commands.delete(caller(), job_id)
    return notices.go(url_for("pages.index"), f"{name} is deleted.")


@bp.post("/jobs/<job_id>/retry")
def retry(job_id: str) -> Response:
    """Submit a job again: as it was, as its error suggests, or changed by a merge patch."""
    text = request.form.get("patch", "").strip() or "{}"
    try:
        patch = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        detail = f"is not valid JSON at line {error.lineno}, column {error.colno}"
        raise InvalidRequest([Fault("#/patch", "malformed_json", detail, hint='e.g. {"epochs": 50}')]) from error
    if not isinstance(patch, dict):
        raise InvalidRequest([Fault("#/patch", "wrong_type", "is not a JSON object", hint='e.g. {"epochs": 50}')])
    suggested, name = request.form.get("apply") == "suggestion", request.form.get("name", "").strip() or None
    changes = SpecChanges(patch, suggested, name)
    return _back(api().base.jobs.retry.retry(caller(), job_id, changes, traceparent=traceparent()).job.id)


@bp.post("/jobs/<job_id>/change")
def change(job_id: str) -> Response:
    """Change a job's name, tags, notes or priority."""
    form = request.form
    patch: dict[str, Any] = {}
    if "name" in form:
        patch["name"] = form["name"].strip()
    if "tags" in form:
        patch["tags"] = list(dict.fromkeys(word for word in form["tags"].replace(",", " ").split() if word))
    if "notes" in form:
        patch["metadata"] = {"notes": form["notes"].strip() or None}
    if form.get("priority"):
        patch["priority"] = int(form["priority"]) if form["priority"].lstrip("-").isdecimal() else form["priority"]
    checked = read(Change, orjson.dumps(patch)).model_dump(exclude_unset=True)
    return _back(api().base.jobs.commands.change(caller(), job_id, checked).id, "Saved.")


def _back(job_id: str, notice: str = "") -> Response:
    return notices.go(url_for("pages.show_job", job_id=job_id), notice)
