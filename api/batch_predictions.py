"""Batch predictions over HTTP: every row of a data set, as queued work whose output is downloaded."""

import base64
from typing import Annotated

from flask import Blueprint, Response, request, send_file
from pydantic import BaseModel, Field
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from api import schemas
from api.batch_schemas import BatchPrediction, batch_answer
from api.checkpoints import NoQuery
from api.jobs import next_page
from api.parts import api, as_json, caller
from api.requests import body, query, request_key
from api.view_descriptions import described
from services.predictions.batch_submit import NewBatchPrediction

bp = Blueprint("batch_predictions", __name__, url_prefix="/api/v1/predictions")

MEDIA = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}


class BatchPage(BaseModel):
    """Which page."""

    model_config = {"extra": "forbid"}

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    after: str | None = None
    """The cursor in `next` of the page before."""


class DeleteQuery(BaseModel):
    """Whether an unfinished one is deleted too."""

    model_config = {"extra": "forbid"}

    force: bool = False
    """Delete it although it is not finished: its trainer ends."""


@bp.post("")
@described(
    query=NoQuery,
    body=NewBatchPrediction,
    answer=BatchPrediction,
    status=(202,),
    errors=(404, 409, 413, 415, 507),
    headers={"Idempotency-Key": "For a day, the same key and body return the same batch prediction."},
)
def create() -> Response:
    """Predict every row of a data set, later, in pieces that survive a killed worker."""
    query(NoQuery)
    wanted = body(NewBatchPrediction)
    view = api().batch_submit().submit(caller(), wanted, request_key(request.get_data()))
    response = as_json(batch_answer(view), 202)
    response.headers["Location"] = f"{bp.url_prefix}/{view.id}"
    return response


@bp.get("")
@described(query=BatchPage, answer=schemas.List[BatchPrediction])
def index() -> Response:
    """List batch predictions, newest first."""
    page = query(BatchPage)
    found, cursor = api().base.batches.predictions.listing(caller(), limit=page.limit, after=page.after)
    return as_json(
        schemas.List[BatchPrediction](
            url=request.full_path.rstrip("?"),
            data=[batch_answer(view) for view in found],
            has_more=cursor is not None,
            next=next_page(cursor),
        )
    )


@bp.get("/<prediction_id>")
@described(query=NoQuery, answer=BatchPrediction, status=(200, 304))
def show(prediction_id: str) -> Response:
    """Read a batch prediction: its status and how many rows are done."""
    query(NoQuery)
    view = api().base.batches.predictions.get(caller(), prediction_id)
    response = as_json(batch_answer(view))
    response.set_etag(view.version, weak=True)
    response.make_conditional(request)
    return response


@bp.get("/<prediction_id>/content")
@described(query=NoQuery, status=(200, 206), media=tuple(MEDIA.values()), errors=(409, 416))
def content(prediction_id: str) -> Response:
    """Download the output; a part of it with `Range`."""
    query(NoQuery)
    view, path = api().base.batches.predictions.output(caller(), prediction_id)
    if request.range is not None and request.range.range_for_length(view.size_bytes) is None:
        raise RequestedRangeNotSatisfiable(view.size_bytes)  # before the file is opened, which nobody would close
    name = f"{view.id}.{view.format}"
    response = send_file(
        path, MEDIA[view.format], as_attachment=True, download_name=name, etag=view.sha256 or False, conditional=True
    )
    digest = base64.b64encode(bytes.fromhex(view.sha256 or "")).decode()
    response.headers["Repr-Digest"] = f"sha-256=:{digest}:"
    response.headers["Accept-Ranges"] = "bytes"
    return response


@bp.post("/<prediction_id>/cancel")
@described(query=NoQuery, answer=BatchPrediction, status=(200, 202), errors=(409,))
def cancel(prediction_id: str) -> Response:
    """Cancel it: at once if it is queued, after the rows in hand if it runs."""
    query(NoQuery)
    view = api().base.batches.predictions.cancel(caller(), prediction_id)
    return as_json(batch_answer(view), 200 if view.done else 202)


@bp.delete("/<prediction_id>")
@described(query=DeleteQuery, status=(204,), errors=(409,))
def remove(prediction_id: str) -> Response:
    """Delete a batch prediction with its output."""
    api().base.batches.predictions.delete(caller(), prediction_id, force=query(DeleteQuery).force)
    return Response(status=204)
