"""The look inside a finished job's model over HTTP."""

import csv
import io
from typing import Annotated, Literal

from flask import Blueprint, Response, request
from pydantic import BaseModel, Field

from api.checkpoints import NoQuery
from api.evaluation_schemas import Evaluation, StoredPredictions
from api.jobs import next_page
from api.parts import api, as_json, caller
from api.requests import accepts, query
from api.view_descriptions import described
from services.cell_texts import safe_cell
from services.errors import NotAcceptable

bp = Blueprint("evaluations", __name__, url_prefix="/api/v1/jobs/<job_id>")

MEDIA = ("application/json", "text/csv")
ALL = 1_000_000


class StoredQuery(BaseModel):
    """Which predictions, and how."""

    model_config = {"extra": "forbid"}

    split: Literal["validation"] = "validation"
    limit: Annotated[int, Field(ge=1, le=10_000)] = 100
    after: Annotated[int, Field(ge=0)] | None = None
    """The last row of the page before."""
    format: Literal["json", "csv"] | None = None
    """As `Accept`, for who can't send it. A CSV has every row unless `limit` is said."""


@bp.get("/evaluation")
@described(query=NoQuery, answer=Evaluation)
def evaluation(job_id: str) -> Response:
    """Read how the best weights do on the validation rows: where they are wrong, how sure, and what they go by."""
    query(NoQuery)
    job, found = api().base.jobs.evaluations.get(caller(), job_id)
    return as_json(Evaluation(job=job.id, checkpoint=found.checkpoint_id, created_at=found.created_at, **found.report))


@bp.get("/predictions")
@described(query=StoredQuery, answer=StoredPredictions, media=MEDIA, errors=(406,))
def predictions(job_id: str) -> Response:
    """Read the stored predictions of the validation rows, in the order of the rows."""
    asked = query(StoredQuery)
    kind = {"json": MEDIA[0], "csv": MEDIA[1], None: accepts(*MEDIA)}[asked.format]
    if kind is None:
        raise NotAcceptable("The predictions are given as JSON or CSV.", allowed=list(MEDIA))
    whole = kind == MEDIA[1] and "limit" not in request.args
    page = api().base.jobs.evaluations.predictions(
        caller(), job_id, after=asked.after, limit=ALL if whole else asked.limit
    )
    if kind == MEDIA[1]:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([safe_cell(name) for name in page.columns])
        writer.writerows([safe_cell(value) for value in row] for row in page.rows)
        return Response(text.getvalue(), content_type="text/csv; charset=utf-8")
    return as_json(
        StoredPredictions(
            url=request.full_path.rstrip("?"),
            checkpoint=page.checkpoint_id,
            rows=page.count,
            has_more=page.after is not None,
            next=next_page(str(page.after)) if page.after is not None else None,
            columns=page.columns,
            data=page.rows,
        )
    )
