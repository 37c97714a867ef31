"""The checkpoints of a job over HTTP, and their bytes."""

import base64
import io

from flask import Blueprint, Response, request, send_file
from pydantic import BaseModel

from api import schemas, serializers
from api.parts import api, as_json, caller
from api.requests import query
from api.view_descriptions import described

bp = Blueprint("checkpoints", __name__, url_prefix="/api/v1/jobs/<job_id>/checkpoints")

BYTES = "application/octet-stream"


class NoQuery(BaseModel):
    """No parameters."""

    model_config = {"extra": "forbid"}


@bp.get("")
@described(query=NoQuery, answer=schemas.List[schemas.Checkpoint])
def index(job_id: str) -> Response:
    """List a job's checkpoints: the best, those its spec says to keep, and the last."""
    query(NoQuery)
    found = [serializers.checkpoint(view) for view in api().base.jobs.lookup.checkpoints(caller(), job_id)]
    return as_json(schemas.List[schemas.Checkpoint](url=request.path, data=found, has_more=False))


@bp.get("/<selector>")
@described(query=NoQuery, answer=schemas.Checkpoint, errors=(409,))
def show(job_id: str, selector: str) -> Response:
    """Read one checkpoint: `best`, `last`, `epoch:N` or an id."""
    query(NoQuery)
    return as_json(serializers.checkpoint(api().base.jobs.lookup.checkpoint(caller(), job_id, selector)))


@bp.get("/<selector>/content")
@described(query=NoQuery, status=(200, 206), media=(BYTES,), errors=(409, 416))
def content(job_id: str, selector: str) -> Response:
    """Download a checkpoint's bytes: safetensors, verified against their SHA-256."""
    query(NoQuery)
    chosen = api().base.jobs.lookup.checkpoint(caller(), job_id, selector)
    found = io.BytesIO(api().base.jobs.lookup.content(chosen))
    kind = "last" if chosen.is_last else "best" if chosen.is_best else "weights"
    name = f"{job_id}-{kind}-e{chosen.epoch}.safetensors"
    response = send_file(found, BYTES, as_attachment=True, download_name=name, etag=chosen.sha256, conditional=True)
    digest = base64.b64encode(bytes.fromhex(chosen.sha256)).decode()
    response.headers["Repr-Digest"] = f"sha-256=:{digest}:"
    response.headers["Accept-Ranges"] = "bytes"
    return response
