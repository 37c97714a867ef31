"""A trained model in other formats, and its card, over HTTP."""

import base64
from typing import Annotated, Literal

from flask import Blueprint, Response, request, send_file
from pydantic import BaseModel, Field

from api.parts import api, as_json, caller
from api.requests import query
from api.view_descriptions import described
from services.export_errors import ExportFailed
from services.exports.formats import KINDS, Format

bp = Blueprint("exports", __name__, url_prefix="/api/v1/jobs/<job_id>")

RETRY_AFTER_S = 2
Selector = Annotated[str, Field(max_length=64)]


class CardQuery(BaseModel):
    """Of which weights."""

    model_config = {"extra": "forbid"}

    checkpoint: Selector = "best"
    """best, last, epoch:N or an id."""


class ExportQuery(CardQuery):
    """Which weights, and how."""

    format: Format = Format.BUNDLE
    """safetensors and state_dict: the weights alone. onnx and torch_export: the model with its
    preprocessing. mlflow: a folder that `mlflow.pyfunc` loads. bundle: the weights, the card, and scripts."""


class Building(BaseModel):
    """An export that is being built: ask again after Retry-After."""

    object: Literal["export"] = "export"
    status: Literal["running"] = "running"
    done: Literal[False] = False
    format: Format


@bp.get("/export")
@described(
    query=ExportQuery,
    answer=Building,
    status=(200, 202, 206),
    media=("application/json", "application/octet-stream", "application/zip"),
    errors=(409, 416, 507),
)
def export(job_id: str) -> Response:
    """Download a model in a format for other programs; 202 while it is built.

    Every export was tried on rows of the job's data: `X-Export-Max-Difference` says how far it was from the stored
    model, in units of the spread of the targets or as probabilities, and `X-Export-Rows` on how many rows.
    """
    asked = query(ExportQuery)
    name, ready = api().exports().export(caller(), job_id, asked.format, asked.checkpoint)
    if ready is None:
        response = as_json(Building(format=asked.format), 202)
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
        if "text/html" in request.headers.get("Accept", ""):
            response.headers["Refresh"] = str(RETRY_AFTER_S)  # a browser asks again by itself
        return response
    media = KINDS[asked.format].media
    try:
        response = send_file(
            ready.path, media, as_attachment=True, download_name=name, etag=ready.sha256, conditional=True
        )
    except FileNotFoundError as error:
        raise ExportFailed("The export was just removed to make room for others. Ask again.") from error
    response.headers["Repr-Digest"] = f"sha-256=:{base64.b64encode(bytes.fromhex(ready.sha256)).decode()}:"
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["X-Export-Max-Difference"] = f"{ready.difference:.3g}"
    response.headers["X-Export-Rows"] = str(ready.rows)
    return response


@bp.get("/card")
@described(query=CardQuery, media=("text/markdown",), errors=(409,))
def card(job_id: str) -> Response:
    """Read a model's card: what it predicts, what it was trained on, how good it is, and what it can't do."""
    asked = query(CardQuery)
    text = api().exports().card(caller(), job_id, asked.checkpoint)
    return Response(text, content_type="text/markdown; charset=utf-8")
